import EventModel

/// What a writer found when it opened a log.
package struct LogRecovery: Sendable, Equatable, CustomStringConvertible {
    /// The last record that the log held, 0 for none.
    package var lastSequence: UInt64 = 0
    /// The log had been closed properly.
    package var wasClosed = true
    /// What stood behind the last sound group and was cut off: written but never answered.
    package var tornBytes = 0
    /// What the newest segment held once and is not readable any more.
    package var losses: [LogLoss] = []

    package var description: String {
        var parts = [lastSequence == 0 ? "the log is empty" : "the log ends at record \(lastSequence)"]
        if !wasClosed { parts.append("its writer did not close it") }
        if tornBytes > 0 { parts.append("\(tornBytes) bytes of a torn tail were cut off") }
        parts += losses.map(\.description)
        return parts.joined(separator: "; ")
    }
}

/// Finds the end of a log after whatever happened to its last writer, and puts what is there onto the disk.
struct SegmentRecovery {
    let directory: String
    let files: any LogFiles
    private let reads: any SegmentReads
    private(set) var logID: LogID?
    private(set) var result = LogRecovery()
    /// No number below this one is free.
    private(set) var nextSequence: UInt64 = 1
    /// A segment without records, to be removed as soon as the next one is there.
    private(set) var emptySegment: SegmentName?

    init(directory: String, files: any LogFiles, reads: any SegmentReads = SystemSegmentReads()) {
        self.directory = directory
        self.files = files
        self.reads = reads
    }

    /// What stands behind the end of the newest segment, or may not be on the disk though it can be read.
    private var tail: (file: SegmentFile, safe: Int, end: Int)?

    mutating func run() throws(LogError) {
        try inspect()
        try settle()
    }

    /// Finds the end; changes nothing but for files that were no segments yet.
    mutating func inspect() throws(LogError) {
        // One that cannot be removed is in nobody's way.
        for name in try SegmentName.unfinished(in: directory) { try? files.remove("\(directory)/\(name)") }
        let names = try SegmentName.list(in: directory)
        guard let name = names.last, let file = try open(name) else { return }
        let header = try file.header(logID: try SegmentFile.logID(of: names.dropLast(), in: directory, reads: reads))
        logID = header.logID
        var cursor = SegmentCursor(file: file, header: header)
        try walk(&cursor)
        if cursor.hasRecords {
            result.lastSequence = cursor.expected - 1
        } else {
            result.lastSequence = header.isSound ? header.previousLast : try lastSequence(before: header)
        }
        result.wasClosed = cursor.isClosed
        let free = cursor.isClosed ? cursor.expected : header.reservedThrough + 1
        nextSequence = max(free, header.firstSequence + 1)
        guard nextSequence + LogFormat.maxReservedNumbers <= LogFormat.maxSequence else { throw usedUp(file) }
        if !cursor.isClosed, !cursor.endsInDamage { try lookBehind(cursor) }
        // Whatever stands behind a header, and be it in pieces, is not to be unlinked.
        if !cursor.hasRecords, result.tornBytes == 0, file.unreadable.ranges.isEmpty { emptySegment = name }
    }

    private func open(_ name: SegmentName) throws(LogError) -> SegmentFile? {
        try SegmentFile(name, in: directory, reads: reads)
    }

    private func usedUp(_ file: SegmentFile) -> LogError {
        LogError(
            .damaged,
            "\(file.path) leaves no numbers for what comes after it: no log ever came so far; move it elsewhere")
    }

    /// What is behind the last sound group is a torn tail, unless it is the disk that cannot read it: then records may
    /// stand there that were answered. The next segment's header says so, for readers who find them or say them lost.
    private mutating func lookBehind(_ cursor: SegmentCursor) throws(LogError) {
        let bytes = try bytesBehind(cursor.offset, of: cursor.file)
        tail = (cursor.file, safeOffset, cursor.offset)
        guard try cursor.endsUnreadably else {
            if cursor.file.unreadable.ranges.isEmpty { result.tornBytes = bytes }
            return
        }
        let most = UInt64(bytes / LogFormat.recordHeaderSize)
        let last = min(cursor.header.reservedThrough, cursor.expected - 1 + most)
        guard last >= cursor.expected else { return }
        result.losses.append(
            LogLoss(
                sequences: cursor.expected...last, segment: cursor.file.name.description, offset: cursor.offset,
                isUpperBound: true))
        result.lastSequence = last
    }

    /// The last record before a segment that holds none, and whose header does not tell it.
    private func lastSequence(before newest: SegmentHeader) throws(LogError) -> UInt64 {
        var next = newest
        for name in try SegmentName.list(in: directory).reversed() where name.firstSequence < newest.firstSequence {
            guard let file = try open(name) else { continue }
            let header = try file.header(logID: logID)
            var cursor = SegmentCursor(file: file, header: header)
            cursor.end(before: next)
            let last = try cursor.lastSequence()
            if last > 0 || header.isSound { return max(last, header.previousLast) }
            next = header
        }
        return 0
    }

    /// The end of the last group that a later one knew as durable.
    private var safeOffset = LogFormat.dataStart

    private mutating func walk(_ cursor: inout SegmentCursor) throws(LogError) {
        var payload: [UInt8] = []
        var ends: [(sequence: UInt64, offset: Int)] = []
        while true {
            switch try cursor.step(into: &payload) {
            case .group(let group):
                ends.append((group.endSequence - 1, cursor.offset))
                while let first = ends.first, first.sequence <= cursor.knownDurable {
                    safeOffset = first.offset
                    ends.removeFirst()
                }
            case .lost(let sequences, let offset):
                result.losses.append(LogLoss(sequences, in: cursor, offset: offset))
            case .end: return
            }
        }
    }

    /// Cuts what stands behind the last sound group. What may never have reached the disk, though it can be read, is
    /// written again, so that the sync counts for it. Takes no room. May be called again where it failed.
    ///
    /// Of a segment that could not be read everywhere nothing is cut: what is unreadable today may be read tomorrow.
    func settle() throws(LogError) {
        guard let tail else { return }
        let descriptor = try files.open(tail.file.path)
        defer { files.close(descriptor) }
        // The next segment's header says the same, and nothing but zeros or a torn group is there.
        if tail.file.unreadable.ranges.isEmpty { try? files.truncate(descriptor, to: tail.end) }
        var bytes = [UInt8](repeating: 0, count: max(0, tail.end - tail.safe))
        let count = try bytes.withMutableBytes { buffer throws(LogError) in
            try tail.file.read(into: buffer, at: tail.safe)
        }
        for stretch in tail.file.unreadable.readable(of: tail.safe..<(tail.safe + count)) {
            try bytes.withBytes { buffer throws(LogError) in
                let part = buffer[(stretch.lowerBound - tail.safe)..<(stretch.upperBound - tail.safe)]
                try files.write(UnsafeRawBufferPointer(rebasing: part), to: descriptor, at: stretch.lowerBound)
            }
        }
        try files.sync(descriptor)
    }

    /// How many bytes there are from the offset to the last one that is not zero, or cannot be read.
    private func bytesBehind(_ start: Int, of file: SegmentFile) throws(LogError) -> Int {
        var window = [UInt8](repeating: 0, count: 64 << 10)
        var offset = start
        var end = start
        while true {
            let count = try window.withMutableBytes { buffer throws(LogError) in
                try file.read(into: buffer, at: offset)
            }
            if let last = window[..<count].lastIndex(where: { $0 != 0 }) { end = offset + last + 1 }
            offset += count
            if count < window.count { break }
        }
        return max(end, file.unreadable.ranges.last?.upperBound ?? 0) - start
    }
}
