/// Reads a log from a number on, while another process may be writing it; moves from segment to segment, and says
/// what is lost.
///
/// What is read may not be on the disk yet: who keeps something made of it calls `sync` first.
package struct LogReader {
    package let directory: String
    package let logID: LogID
    /// What could not be read, in order; only what lies behind the number from which was read.
    package private(set) var losses: [LogLoss] = []
    /// The last number that was returned, or that is known to be lost.
    package private(set) var position: UInt64
    private var cursor: SegmentCursor
    private var payload: [UInt8] = []
    private var records = RecordPlaces()
    private let isKeeping: Bool
    private let reads: any SegmentReads
    /// The segments behind the current one, as last listed; the next one is the last.
    private var upcoming: [SegmentName] = []
    /// What was read since the last sync: of each segment the newest group, and where it stands.
    private var unsynced: [(file: SegmentFile, offset: Int, group: GroupHeader)] = []
    /// Why nothing that is made of what was read since the last sync may be kept.
    private var distrust: LogError?
    /// The segment that ends before the number from which was read, since its writer took that back.
    private var takenBack: SegmentName?

    /// Of more segments at a time no file is kept open for `sync`: the oldest is seen to at once.
    private static let maxUnsynced = 32
    /// How often another first segment is looked for where the one that was found is removed meanwhile.
    private static let triesToOpen = 100

    /// A reader whose first record is the one after `after`. Ends with `.missing` where there is no log, with
    /// `.endsEarly` where it ends before `after`.
    ///
    /// Whoever keeps nothing that is made of what is read, and never calls `sync`, says so: such a reader holds no
    /// more than the segment that it reads.
    package init(
        directory: String, after: UInt64, isKeeping: Bool = true, reads: any SegmentReads = SystemSegmentReads()
    ) throws(LogError) {
        let (file, names) = try Self.firstSegment(after, in: directory, reads)
        var header: SegmentHeader
        do throws(LogError) { header = try file.header(logID: nil) } catch {
            guard error.code == .damaged else { throw error }
            header = try file.header(logID: try SegmentFile.logID(of: names, in: directory, reads: reads))
        }
        self.directory = directory
        self.isKeeping = isKeeping
        self.reads = reads
        logID = header.logID
        position = after
        cursor = SegmentCursor(file: file, header: header)
        upcoming = names.filter { $0 > file.name }.reversed()
        endIfSealed()
        if header.firstSequence > after, header.previousLast > after {
            lose((after + 1)...header.previousLast, offset: 0, isUpperBound: true)
        }
        try passOver(after)
    }

    /// The segment that may hold the record after `after`, and the names of all. Loaded ones are removed at any time.
    private static func firstSegment(
        _ after: UInt64, in directory: String, _ reads: any SegmentReads
    ) throws(LogError) -> (SegmentFile, [SegmentName]) {
        for _ in 0..<triesToOpen {
            let names = try SegmentName.list(in: directory)
            guard let first = names.last(where: { $0.firstSequence <= after &+ 1 }) ?? names.first else { break }
            if let file = try SegmentFile(first, in: directory, reads: reads) { return (file, names) }
        }
        throw LogError(.missing, "there is no log in \(directory); start millraced, which begins one")
    }

    /// The next record; nil at the end, for now: ask again later.
    package mutating func next() throws(LogError) -> LogRecord? {
        var record: LogRecord?
        _ = try read(limit: 1) { sequence, bytes in record = LogRecord(sequence: sequence, bytes: Array(bytes)) }
        return record
    }

    /// Gives up to `limit` records to `body`, whose bytes are valid only until it returns. Returns how many: none at
    /// the end, for now.
    package mutating func read(
        limit: Int, _ body: (UInt64, UnsafeRawBufferPointer) -> Void
    ) throws(LogError) -> Int {
        var count = 0
        while count < limit {
            if records.isEmpty {
                guard try readGroup() else { return count }
                continue
            }
            count += payload.withUnsafeBytes { bytes in records.take(limit - count, from: bytes, body) }
            position = max(position, records.nextSequence - 1)
        }
        return count
    }

    /// Returns when all that was read is on the disk.
    ///
    /// Ends with an error where it is not: the disk failed, or the writer's disk did and the writer took back what had
    /// been read already. It does so each time from then on, since a disk fails but once for the same bytes: what was
    /// read since the last sync has to be forgotten, and read again by another reader.
    package mutating func sync() throws(LogError) {
        do throws(LogError) {
            if let distrust { throw distrust }
            for (file, offset, group) in unsynced { try confirm(group, at: offset, of: file) }
        } catch {
            distrust = error
            throw error
        }
        unsynced.removeAll()
    }

    /// Returns when the group, and all before it, is on the disk.
    private func confirm(_ group: GroupHeader, at offset: Int, of file: SegmentFile) throws(LogError) {
        try file.sync()
        guard try file.groupHeader(at: offset, logID: logID) == group else { throw takenBack(in: file) }
    }

    private func takenBack(in file: SegmentFile) -> LogError {
        LogError(.failed, "records read from \(file.path) were taken back by its writer; read them again")
    }

    private mutating func note(_ group: GroupHeader) {
        guard isKeeping else { return }
        let newest = (file: cursor.file, offset: cursor.offset - group.paddedBytes, group: group)
        if unsynced.last?.file === cursor.file { unsynced.removeLast() }
        unsynced.append(newest)
        guard unsynced.count > Self.maxUnsynced else { return }
        let oldest = unsynced.removeFirst()
        do throws(LogError) { try confirm(oldest.group, at: oldest.offset, of: oldest.file) } catch {
            distrust = distrust ?? error
        }
    }

    /// Reads the next group that holds something not yet seen; false at the end, for now.
    private mutating func readGroup() throws(LogError) -> Bool {
        while true {
            switch try cursor.step(into: &payload, skipping: position, thorough: false) {
            case .group(let group):
                if let takenBack, takenBack == cursor.file.name { throw endsEarly(before: position) }
                guard group.endSequence > position + 1 else { continue }
                records = RecordPlaces(group, after: position)
                note(group)
                return true
            case .lost(let sequences, let offset): lose(sequences, offset: offset)
            case .end:
                guard try moveOn() else { return false }
            }
        }
    }

    /// At the end of a segment: is there another one? When it first shows, what may have been written to this one
    /// meanwhile is read before moving over.
    private mutating func moveOn() throws(LogError) -> Bool {
        guard let name = try nextName() else { return false }
        guard let file = try SegmentFile(name, in: directory, reads: reads) else {
            upcoming.removeLast()
            return true
        }
        let header = try file.header(logID: logID)
        if header.isSound, let newest = unsynced.last, newest.file === cursor.file,
            newest.group.endSequence - 1 > header.previousLast
        {
            distrust = distrust ?? takenBack(in: newest.file)
        }
        if cursor.last == nil {
            cursor.end(before: header)
        } else {
            if header.previousLast > position, header.previousLast >= cursor.expected {
                lose((max(position + 1, cursor.expected))...header.previousLast, offset: 0, isUpperBound: true)
            }
            cursor = SegmentCursor(file: file, header: header)
            endIfSealed()
        }
        return true
    }

    /// The segment behind the current one. The directory is listed where no such one is known yet: between two known
    /// ones no other can come.
    private mutating func nextName() throws(LogError) -> SegmentName? {
        while let name = upcoming.last, name <= cursor.file.name { upcoming.removeLast() }
        if upcoming.isEmpty {
            upcoming = try SegmentName.list(in: directory).filter { $0 > cursor.file.name }.reversed()
        }
        return upcoming.last
    }

    /// Where there is a next segment already, nothing that its header does not know is read of this one: it may be what
    /// could not be synced. A header that cannot be read is seen to when its turn comes.
    private mutating func endIfSealed() {
        guard let name = try? nextName(),
            let file = try? SegmentFile(name, in: directory, reads: reads),
            let header = try? file.header(logID: cursor.header.logID)
        else { return }
        cursor.end(before: header)
    }

    private mutating func lose(_ sequences: ClosedRange<UInt64>, offset: Int, isUpperBound: Bool = false) {
        guard sequences.upperBound > position else { return }
        let lost = max(sequences.lowerBound, position + 1)...sequences.upperBound
        losses.append(
            LogLoss(
                sequences: lost, segment: cursor.file.name.description, offset: offset,
                isUpperBound: isUpperBound || lost.upperBound > cursor.header.reservedThrough))
        position = sequences.upperBound
    }

    /// Finds the place behind the number, and refuses a log that never came so far.
    private mutating func passOver(_ after: UInt64) throws(LogError) {
        guard after >= cursor.header.firstSequence else { return }
        while cursor.expected <= after {
            switch try cursor.step(into: &payload, skipping: after) {
            case .group(let group):
                if group.endSequence > after + 1 {
                    records = RecordPlaces(group, after: after)
                    note(group)
                }
            case .lost(let sequences, let offset): lose(sequences, offset: offset)
            case .end:
                if try moveOn() { continue }
                guard try wasTakenBack(after) else { throw endsEarly(before: after) }
                takenBack = cursor.file.name
                return
            }
        }
    }

    /// Whether the number was read from a group that its writer then could not sync, or not write to its end: the
    /// segment is cut behind the last good sync, and no other could be begun yet. What comes is numbered past all that
    /// was handed out. A segment that is being written has zeros behind its groups; one that was closed is whole.
    private func wasTakenBack(_ sequence: UInt64) throws(LogError) -> Bool {
        guard !cursor.isClosed, cursor.header.isSound, sequence <= cursor.header.reservedThrough else { return false }
        return try cursor.file.facts().bytes == cursor.offset
    }

    private func endsEarly(before sequence: UInt64) -> LogError {
        LogError(
            .endsEarly,
            "the log \(directory) ends at record \(cursor.expected - 1), before \(sequence), which was read from it "
                + "once: this is an older copy; restore the newer one, or begin again")
    }
}

/// The records of a group that were not returned yet.
struct RecordPlaces {
    private(set) var nextSequence: UInt64 = 1
    private var endSequence: UInt64 = 1
    private var offset = 0
    private var skip: UInt64 = 0

    init() {}

    init(_ group: GroupHeader, after: UInt64) {
        nextSequence = group.firstSequence
        endSequence = group.endSequence
        skip = after
    }

    var isEmpty: Bool { nextSequence >= endSequence }

    mutating func take(
        _ limit: Int, from payload: UnsafeRawBufferPointer, _ body: (UInt64, UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var walk = RecordWalk(payload, from: offset)
        var count = 0
        while count < limit, nextSequence < endSequence, let place = walk.next() {
            if nextSequence > skip {
                body(nextSequence, UnsafeRawBufferPointer(rebasing: payload[place]))
                count += 1
            }
            nextSequence += 1
        }
        offset = walk.offset
        return count
    }
}
