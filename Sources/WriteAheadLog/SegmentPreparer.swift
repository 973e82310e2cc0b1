import Glibc

/// Makes the next segment ready while the current one is being filled, and cuts sealed ones to their size: on a thread
/// of its own, so that nobody who waits for a group waits for zeros or for blocks to be given back.
///
/// It keeps ahead of the log, twice as fast as that is written, and no further: after a start the segments grow from a
/// few MiB to their full size, and a quiet machine keeps no more than that few in reserve.
final class SegmentPreparer: @unchecked Sendable {
    private struct State {
        /// How many zeros the next segment shall have.
        var goal = 0
        var next: PreparedSegment?
        /// The thread is at work on the next segment.
        var isBusy = false
        /// There was no room, or the disk failed: nothing is tried before.
        var pausedUntil: ContinuousClock.Instant?
        /// How many were begun: each has a name of its own, so that none is in the way of one that was taken.
        var begun = 0
        /// The disk is short of room: what is prepared is given back.
        var isGivingBack = false
        var sealed: [ActiveSegment] = []
        var isEnding = false
    }

    private enum Work {
        case seal(ActiveSegment)
        case discard(PreparedSegment)
        case extend(PreparedSegment?, goal: Int)
        case finish
    }

    /// A segment that was not begun by size or age has at least so many zeros, where a segment may be as large.
    private static let firstGoal = 4 << 20
    private static let retryDelay = Duration.seconds(1)

    private let configuration: LogConfiguration
    private let files: any LogFiles
    private let monitor = Monitor(State())
    private var thread: pthread_t?
    /// Whoever asks for work does it.
    private var isInline: Bool

    init(configuration: LogConfiguration, files: any LogFiles) {
        self.configuration = configuration
        self.files = files
        isInline = configuration.preparation != .background
    }

    private func nextPath() -> String {
        let number = monitor.withLock { state in
            state.begun += 1
            return state.begun
        }
        return "\(configuration.directory)/prepared-\(number)\(SegmentName.unfinishedSuffix)"
    }

    /// Begins to work; what was asked for before waited. Where there can be no thread, the log's own does it.
    func start() {
        guard !isInline else { return }
        var thread = pthread_t()
        let owner = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let preparer = Unmanaged<SegmentPreparer>.fromOpaque(argument).takeRetainedValue()
                while preparer.work() {}
                return nil
            }, owner.toOpaque())
        if result == 0 {
            self.thread = thread
        } else {
            owner.release()
            isInline = true
        }
    }

    /// Ends the thread when all sealed segments have their size, and removes what was prepared.
    func stop() {
        monitor.withLock { $0.isEnding = true }
        monitor.ring()
        if let thread {
            pthread_join(thread, nil)
        } else {
            while work(waiting: false) {}
        }
        thread = nil
        monitor.withLock { state in
            let left = state.next
            state.next = nil
            return left
        }?.discard()
    }

    /// The current segment is filled up to there.
    func keepAhead(of usedBytes: Int) {
        guard configuration.preparation != .none else { return }
        let goal = min(configuration.segmentBytes, max(Self.firstGoal, 2 * usedBytes))
        let isMore = monitor.withLock { state in
            // By stretches: each time costs a switch to the thread.
            guard goal >= state.goal + PreparedSegment.stretchBytes || goal == configuration.segmentBytes,
                goal > state.goal
            else { return false }
            state.goal = goal
            return true
        }
        if isMore { wake() }
    }

    /// Whether `take` gives something that is worth beginning before the current segment has its full size.
    var isReady: Bool {
        monitor.withLock { state in
            let wanted = min(configuration.segmentBytes, Self.firstGoal)
            return !state.isBusy && (state.next?.zeroedBytes ?? 0) >= wanted
        }
    }

    /// What is prepared so far; nil where there is nothing, or just now more is being added to it.
    func take() -> PreparedSegment? {
        monitor.withLock { state in
            guard !state.isBusy, let next = state.next, next.zeroedBytes > 0 else { return nil }
            state.next = nil
            state.goal = 0
            return next
        }
    }

    /// Gives back the room of what is prepared: when there is too little, the log shall not refuse for zeros. More is
    /// prepared when more is written, as far as there is room.
    func giveBack() {
        monitor.withLock { state in
            state.isGivingBack = true
            state.goal = 0
        }
        wake()
    }

    /// Cuts a sealed segment to its size, and closes it.
    func seal(_ segment: ActiveSegment) {
        monitor.withLock { $0.sealed.append(segment) }
        wake()
    }

    private func wake() {
        if isInline {
            while work(waiting: false) {}
        } else {
            monitor.ring()
        }
    }

    // MARK: The thread

    /// Does one thing; false where all is done.
    private func work(waiting: Bool = true) -> Bool {
        switch waiting ? nextWork() : monitor.withLock(Self.choose) ?? .finish {
        case .seal(let segment):
            segment.seal()
            return true
        case .discard(let next):
            next.discard()
            return true
        case .extend(let next, let goal):
            extend(next, towards: goal)
            return true
        case .finish: return false
        }
    }

    private func nextWork() -> Work {
        monitor.wait(patience: { $0.pausedUntil == nil ? nil : Self.retryDelay }, Self.choose)
    }

    private static func choose(_ state: inout State) -> Work? {
        if let segment = state.sealed.popLast() { return .seal(segment) }
        if state.isEnding { return .finish }
        if state.isGivingBack {
            state.isGivingBack = false
            if let next = state.next {
                state.next = nil
                return .discard(next)
            }
        }
        if let moment = state.pausedUntil {
            guard .now >= moment else { return nil }
            state.pausedUntil = nil
        }
        guard state.next?.zeroedBytes ?? 0 < state.goal else { return nil }
        state.isBusy = true
        return .extend(state.next, goal: state.goal)
    }

    private func extend(_ prepared: PreparedSegment?, towards goal: Int) {
        var next = prepared
        do throws(LogError) {
            try checkRoom()
            if next == nil { next = try PreparedSegment(path: nextPath(), files: files) }
            try next?.extend(towards: goal)
        } catch {
            // Zeros that are on the disk stay of use, unless the disk is not to be trusted.
            if error.code != .full || next?.zeroedBytes == 0 {
                next?.discard()
                next = nil
            }
            monitor.withLock { $0.pausedUntil = .now + Self.retryDelay }
        }
        monitor.withLock { state in
            state.next = next
            state.isBusy = false
        }
    }

    /// Zeros shall not be what makes the log refuse: a whole segment's room stays above `log.min_free_mib`.
    private func checkRoom() throws(LogError) {
        let free = try files.freeBytes(configuration.directory)
        guard free - PreparedSegment.stretchBytes - configuration.segmentBytes >= configuration.minFreeBytes else {
            throw LogError(.full, "there is no room to prepare the log's next segment")
        }
    }
}
