import EventModel

/// The one thread that writes a log. Whatever arrived while the last sync ran goes out with the next one.
final class LogThread {
    private enum Work {
        case write(PendingGroups)
        case lookAround
        case finish
    }

    /// A segment that holds records is sealed when its first one is as old as this.
    private static let segmentLife = Duration.seconds(86_400)
    /// How often it is tried whether the disk takes something again.
    private static let retryDelay = Duration.milliseconds(200)
    private static let sealingDelay = Duration.seconds(60)

    let monitor: Monitor<LogState>
    private let configuration: LogConfiguration
    private let logID: LogID
    private let clock: Clock
    private let files: any LogFiles
    private let lock: DirectoryLock
    private let preparer: SegmentPreparer
    /// What the last writer left behind, until it could be put in order.
    private var recovery: SegmentRecovery?
    /// A segment without records, to be removed as soon as the next one is there.
    private var emptySegment: SegmentName?
    private var segment: ActiveSegment?
    private var spare: PendingGroups
    /// The number that the next record on the disk will have.
    private var nextToWrite: UInt64
    /// The last record on the disk.
    private var durableSequence: UInt64
    /// The highest number with which a segment was begun, even where that failed.
    private var lastAttempt: UInt64 = 0

    init(
        configuration: LogConfiguration, logID: LogID, clock: Clock, files: any LogFiles, lock: DirectoryLock,
        recovery: SegmentRecovery
    ) {
        self.configuration = configuration
        self.logID = logID
        self.clock = clock
        self.files = files
        self.lock = lock
        self.recovery = recovery
        emptySegment = recovery.emptySegment
        preparer = SegmentPreparer(configuration: configuration, files: files)
        nextToWrite = recovery.nextSequence
        durableSequence = recovery.result.lastSequence
        spare = PendingGroups(maxGroupBytes: configuration.maxGroupBytes)
        monitor = Monitor(
            LogState(
                configuration: configuration, nextSequence: recovery.nextSequence,
                durableSequence: recovery.result.lastSequence))
    }

    func run() {
        while true {
            switch nextWork() {
            case .write(let groups): write(groups)
            case .lookAround: lookAround()
            case .finish:
                finish()
                return
            }
        }
    }

    private func nextWork() -> Work {
        var hasWaited = false
        let holdsRecords = (segment?.recordCount ?? 0) > 0
        return monitor.wait(
            patience: { state in
                hasWaited = true
                if case .refusing = state.condition { return Self.retryDelay }
                return holdsRecords ? Self.sealingDelay : nil
            },
            { state in
                if let groups = state.takePending(for: spare) { return .write(groups) }
                if state.isClosing { return .finish }
                return hasWaited ? .lookAround : nil
            })
    }

    // MARK: Writing

    private func write(_ groups: PendingGroups) {
        var index = 0
        do throws(LogError) {
            while index < groups.groups.count { index = try writeSome(groups, from: index) }
        } catch {
            fail(error)
        }
        groups.removeAll()
        spare = groups
        monitor.withLock { $0.wrote() }
    }

    /// Writes and syncs as many groups as fit into the segment, at least one. Returns the index of the next.
    private func writeSome(_ groups: PendingGroups, from index: Int) throws(LogError) -> Int {
        let now = clock.now()
        if needsRoll(before: groups.groups[index], at: now) { try begin(at: groups.groups[index].firstSequence) }
        guard var current = segment else { throw LogError(.failed, "the log has no segment") }
        let end = fitting(groups, from: index, into: current)
        let bytes = groups.bytes(of: index..<end)
        var records = 0
        for group in groups.groups[index..<end] {
            fillHeader(of: group, in: bytes, base: groups.groups[index].offset, at: now)
            records += group.count
        }
        // What is taken already has its zeros, mostly: with too little room, it is new records that are refused.
        let isShort = isShortOfRoom
        defer { segment = current }
        try current.write(
            UnsafeRawBufferPointer(bytes), records: records, at: now,
            ahead: isShort ? nil : configuration.segmentBytes)
        settle(groups.groups[end - 1].endSequence, isShort: isShort)
        if isShort { preparer.giveBack() }
        preparer.keepAhead(of: current.usedBytes)
        return end
    }

    private func fitting(_ groups: PendingGroups, from index: Int, into segment: ActiveSegment) -> Int {
        let limit = self.limit(of: segment)
        var end = index
        var bytes = segment.usedBytes
        var records = segment.recordCount
        while end < groups.groups.count {
            let group = groups.groups[end]
            bytes += group.paddedBytes
            records += UInt64(group.count)
            if end > index, bytes > limit || records > configuration.maxSegmentRecords { break }
            end += 1
        }
        return end
    }

    private func fillHeader(
        of group: PendingGroups.Group, in bytes: UnsafeMutableRawBufferPointer, base: Int, at time: Timestamp
    ) {
        let place = UnsafeMutableRawBufferPointer(rebasing: bytes[(group.offset - base)...])
        let payload = UnsafeRawBufferPointer(
            rebasing: place[LogFormat.groupHeaderSize..<(LogFormat.groupHeaderSize + group.payloadBytes)])
        GroupHeader(
            payloadBytes: group.payloadBytes, firstSequence: group.firstSequence, count: group.count,
            durableSequence: durableSequence, writtenAt: time, logID: logID, payloadChecksum: checksum(payload)
        ).encode(into: place)
    }

    /// All before `next` is on the disk.
    private func settle(_ next: UInt64, isShort: Bool) {
        nextToWrite = next
        durableSequence = next - 1
        let subscribers = monitor.withLock { state in
            state.settle(durableThrough: next - 1)
            if isShort { state.condition = .refusing(tooLittleRoom) }
            return state.subscribers
        }
        for subscriber in subscribers { subscriber(.durable(through: next - 1)) }
    }

    // MARK: Segments

    private func needsRoll(before group: PendingGroups.Group, at time: Timestamp) -> Bool {
        guard let segment, segment.recordCount > 0 else { return false }
        return segment.usedBytes + group.paddedBytes > limit(of: segment)
            || segment.recordCount + UInt64(group.count) > configuration.maxSegmentRecords
            || isOld(segment, at: time)
    }

    /// A segment ends with its zeros where the next one is prepared, else with its size.
    private func limit(of segment: ActiveSegment) -> Int {
        preparer.isReady ? min(segment.zeroedBytes, configuration.segmentBytes) : configuration.segmentBytes
    }

    /// A clock that was put back by more than a segment's life makes it old too, or it would be kept until the clock
    /// is there again.
    private func isOld(_ segment: ActiveSegment, at time: Timestamp) -> Bool {
        guard let first = segment.firstRecordAt else { return false }
        return time - first >= Self.segmentLife || first - time >= Self.segmentLife
    }

    /// Begins a segment and seals the one before it.
    private func begin(at sequence: UInt64) throws(LogError) {
        lastAttempt = max(lastAttempt, sequence)
        let header = SegmentHeader(
            logID: logID, firstSequence: sequence, reservedThrough: sequence - 1 + configuration.reservedNumbers,
            previousLast: durableSequence, createdAt: clock.now())
        let new = try ActiveSegment.create(
            header, in: configuration.directory, files: files, prepared: preparer.take(),
            segmentBytes: configuration.segmentBytes)
        if let segment { preparer.seal(segment) }
        segment = new
        nextToWrite = sequence
        preparer.keepAhead(of: 0)
        if let emptySegment { try? files.remove(emptySegment.path(in: configuration.directory)) }
        emptySegment = nil
    }

    /// Begins a segment past all that was handed out, after which appending goes on.
    func reopen() throws(LogError) {
        let sequence = max(monitor.withLock { $0.nextSequence }, lastAttempt + 1)
        try begin(at: sequence)
        monitor.withLock { $0.open(at: sequence) }
    }

    /// Nothing behind the last good sync of the segment is trusted: it is sealed there, and all that is open refused.
    private func fail(_ error: LogError) {
        segment?.seal()
        segment = nil
        if error.code == .full { preparer.giveBack() }
        let reason = reason(for: error)
        let (refused, subscribers) = monitor.withLock { state in (state.refuse(reason), state.subscribers) }
        if let refused {
            for subscriber in subscribers { subscriber(.failed(refused, reason)) }
        }
        if error.code != .full { goOn() }
    }

    private func reason(for error: LogError) -> LogError {
        error.code == .full
            ? error
            : LogError(.failed, "the log's disk failed (\(error.attempted)); see to it", underlying: error.underlying)
    }

    /// Begins a segment past all that was handed out, where the disk lets it; else says why not.
    private func goOn() {
        do throws(LogError) {
            try recovery?.settle()
            recovery = nil
            try reopen()
        } catch {
            let reason = reason(for: error)
            _ = monitor.withLock { $0.refuse(reason) }
        }
    }

    // MARK: When nothing is to be written

    private func lookAround() {
        if segment == nil {
            if !isShortOfRoom { goOn() }
            return
        }
        let isRefusing = monitor.withLock { state in
            if case .refusing = state.condition { true } else { false }
        }
        if isRefusing, !isShortOfRoom { monitor.withLock { $0.condition = .open } }
        if let segment, segment.recordCount > 0, isOld(segment, at: clock.now()) {
            do throws(LogError) { try begin(at: nextToWrite) } catch { fail(error) }
        }
    }

    private var isShortOfRoom: Bool {
        guard let free = try? files.freeBytes(configuration.directory) else { return false }
        return free < configuration.minFreeBytes
    }

    private var tooLittleRoom: LogError {
        LogError(
            .full,
            "the disk of \(configuration.directory) has less than \(configuration.minFreeBytes >> 20) MiB free; "
                + "make room, or lower log.min_free_mib")
    }

    /// Says in the segment that all that was handed out stands in it, so that the numbers go on without a gap.
    private func finish() {
        if var current = segment {
            var bytes = [UInt8](repeating: 0, count: LogFormat.alignment)
            let now = clock.now()
            let closing = GroupHeader(
                payloadBytes: 0, firstSequence: nextToWrite, count: 0, isClosing: true,
                durableSequence: durableSequence, writtenAt: now, logID: logID, payloadChecksum: 0)
            bytes.withUnsafeMutableBytes { closing.encode(into: $0) }
            bytes.withUnsafeBytes { try? current.write($0, records: 0, at: now, ahead: nil) }
            current.seal()
            segment = nil
        }
        preparer.stop()
        monitor.withLock { $0.condition = .closed }
    }

    /// Gives back what `start` took, where there can be no thread.
    func abandon() {
        segment?.seal()
        segment = nil
        preparer.stop()
    }

    /// What is done before the thread starts: puts in order what the last writer left, and makes the first segment. A
    /// disk without room is no reason not to start: the log then refuses until there is some.
    func start() throws(LogError) {
        do throws(LogError) {
            try recovery?.settle()
            recovery = nil
            // What is in the way of one number is not in that of the next.
            do throws(LogError) { try reopen() } catch { try reopen() }
            if isShortOfRoom { monitor.withLock { $0.condition = .refusing(tooLittleRoom) } }
        } catch {
            guard error.code == .full else { throw error }
            _ = monitor.withLock { $0.refuse(error) }
        }
        preparer.start()
    }
}
