import EventModel

/// Looks at a log, checks it, and removes what is no longer needed, beside its writer and readers.
package enum LogDirectory {
    /// What the directory holds, from segments' headers and the newest one's groups. Ends with `.missing` where there
    /// is no log.
    package static func status(_ directory: String) throws(LogError) -> LogStatus {
        let segments = try listSegments(directory)
        guard let newest = segments.last else { throw noLog(in: directory) }
        let end = try self.end(of: newest, in: directory)
        var rows: [LogStatus.Segment] = []
        for (index, segment) in segments.enumerated() {
            let next = index + 1 < segments.count ? segments[index + 1].header : nil
            let last = try lastSequence(of: segment, before: next, in: directory) ?? end.lastSequence
            rows.append(
                LogStatus.Segment(
                    name: segment.name.description, firstSequence: segment.header.firstSequence,
                    lastSequence: last >= segment.header.firstSequence ? last : nil, bytes: segment.bytes,
                    occupiedBytes: segment.occupiedBytes, createdAt: segment.header.createdAt,
                    sealedAt: next?.createdAt))
        }
        return LogStatus(
            logID: newest.header.logID, segments: rows,
            firstSequence: rows.first { $0.lastSequence != nil }?.firstSequence,
            lastSequence: rows.reduce(end.lastSequence) { max($0, $1.lastSequence ?? 0) },
            durableSequence: end.durableSequence, lastWrittenAt: end.writtenAt)
    }

    /// Reads every record of every segment and checks it.
    package static func verify(_ directory: String) throws(LogError) -> LogVerification {
        let segments = try listSegments(directory)
        guard let first = segments.first else { throw noLog(in: directory) }
        var report = LogVerification()
        report.segments = segments.count
        report.lastSequence = first.header.previousLast
        var payload: [UInt8] = []
        for (index, segment) in segments.enumerated() {
            if index > 0, segment.header.previousLast > report.lastSequence {
                report.losses.append(
                    LogLoss(
                        sequences: (report.lastSequence + 1)...segment.header.previousLast,
                        segment: segments[index - 1].name.description, offset: 0, isUpperBound: true))
            }
            // What is removed meanwhile was loaded.
            guard let file = try SegmentFile(segment.name, in: directory) else {
                report.lastSequence = index + 1 < segments.count ? segments[index + 1].header.previousLast : 0
                continue
            }
            var cursor = SegmentCursor(file: file, header: segment.header)
            if index + 1 < segments.count { cursor.end(before: segments[index + 1].header) }
            try verify(&cursor, into: &payload, &report)
        }
        return report
    }

    private static func verify(
        _ cursor: inout SegmentCursor, into payload: inout [UInt8], _ report: inout LogVerification
    ) throws(LogError) {
        while true {
            switch try cursor.step(into: &payload) {
            case .group(let group):
                guard group.count > 0 else { continue }
                report.groups += 1
                report.records += UInt64(group.count)
                report.lastSequence = group.endSequence - 1
                if report.firstSequence == nil { report.firstSequence = group.firstSequence }
            case .lost(let sequences, let offset):
                report.losses.append(LogLoss(sequences, in: cursor, offset: offset))
                report.lastSequence = sequences.upperBound
            case .end: return
            }
        }
    }

    /// Removes the oldest segments all of whose records are loaded, `loadedThrough` being the last one that is, and
    /// that were sealed before `olderThan`, or at any time with `force`. Never the newest.
    @discardableResult
    package static func removeSegments(
        in directory: String, loadedThrough: UInt64, olderThan: Timestamp, force: Bool = false,
        files: any LogFiles = SystemLogFiles()
    ) throws(LogError) -> [RemovedSegment] {
        let segments = try listSegments(directory)
        // A clock that stood wrong when a segment was begun is told by a later segment: it was sealed before that.
        let oldest = segments.dropFirst().last { $0.header.createdAt < olderThan }?.name
        var removed: [RemovedSegment] = []
        for (segment, next) in zip(segments, segments.dropFirst()) {
            // Where the next one's header does not tell what stands before it, what is loaded of it tells.
            let isLoaded = next.header.isSound && next.header.previousLast <= loadedThrough
            guard isLoaded || next.header.firstSequence <= loadedThrough,
                force || oldest.map({ next.name <= $0 }) == true
            else { break }
            try files.remove(segment.name.path(in: directory))
            removed.append(RemovedSegment(name: segment.name.description, bytes: segment.bytes))
        }
        if !removed.isEmpty { try files.syncDirectory(directory) }
        return removed
    }

    /// Begins a log, or goes on with one, past a number: what a restored copy needs, so that no number is used twice.
    /// `logID` is the id under which the records up to there were loaded; nil takes the directory's own. Ends with
    /// `.locked` while the log is being written.
    package static func createEmptySegment(
        in directory: String, pastSequence: UInt64, logID: LogID? = nil, clock: Clock = .system,
        files: any LogFiles = SystemLogFiles()
    ) throws(LogError) {
        let lock = try DirectoryLock(directory)
        defer { withExtendedLifetime(lock) {} }
        var recovery = SegmentRecovery(directory: directory, files: files)
        try recovery.run()
        if let logID, let own = recovery.logID, own != logID {
            throw LogError(.foreignLog, "\(directory) holds the log \(own), not \(logID); move its segments elsewhere")
        }
        guard pastSequence < LogFormat.maxSequence - LogFormat.maxReservedNumbers else {
            throw LogError(.unacceptable, "no log ever comes so far as record \(pastSequence)")
        }
        let first = max(recovery.nextSequence, pastSequence + 1)
        let header = SegmentHeader(
            logID: logID ?? recovery.logID ?? .random(), firstSequence: first, reservedThrough: first - 1,
            previousLast: recovery.result.lastSequence, createdAt: clock.now())
        try ActiveSegment.create(header, in: directory, files: files).seal()
    }

    /// A segment as its header and its file's facts tell: a log may have more of them than a process may have files.
    private struct Listed {
        let name: SegmentName
        let header: SegmentHeader
        let bytes: Int
        let occupiedBytes: Int
    }

    /// All segments and their headers. One that is removed meanwhile is left out; all must be of one log.
    private static func listSegments(_ directory: String) throws(LogError) -> [Listed] {
        var segments: [Listed] = []
        let names = try SegmentName.list(in: directory)
        var logID = try SegmentFile.logID(of: names, in: directory)
        for name in names.reversed() {
            guard let file = try SegmentFile(name, in: directory) else { continue }
            let header = try file.header(logID: logID)
            logID = header.logID
            let facts = try file.facts()
            segments.append(
                Listed(name: name, header: header, bytes: facts.bytes, occupiedBytes: facts.occupiedBytes))
        }
        return segments.reversed()
    }

    /// A sealed segment's last number: what the next one's header says or, where that is damaged, what its own groups
    /// do. Nil for the newest.
    private static func lastSequence(
        of segment: Listed, before next: SegmentHeader?, in directory: String
    ) throws(LogError) -> UInt64? {
        guard let next else { return nil }
        return next.isSound ? next.previousLast : try end(of: segment, in: directory).lastSequence
    }

    private struct End {
        var lastSequence: UInt64
        var durableSequence: UInt64
        var writtenAt: Timestamp?
    }

    /// Where the newest segment ends, from the headers of its groups alone.
    private static func end(of segment: Listed, in directory: String) throws(LogError) -> End {
        var end = End(lastSequence: segment.header.previousLast, durableSequence: segment.header.previousLast)
        guard let file = try SegmentFile(segment.name, in: directory) else { return end }
        var cursor = SegmentCursor(file: file, header: segment.header)
        var payload: [UInt8] = []
        while true {
            switch try cursor.step(into: &payload, skipping: .max - 1, thorough: false) {
            case .group(let group):
                end.lastSequence = max(end.lastSequence, group.endSequence - 1)
                end.durableSequence = max(end.durableSequence, group.durableSequence)
                end.writtenAt = group.writtenAt
                if group.isClosing { end.durableSequence = end.lastSequence }
            case .lost(let sequences, _): end.lastSequence = sequences.upperBound
            case .end: return end
            }
        }
    }

    private static func noLog(in directory: String) -> LogError {
        LogError(.missing, "there is no log in \(directory); start millraced, which begins one")
    }
}
