/// Walks the groups of one segment, tells damage from the end, and passes over damage.
struct SegmentCursor {
    enum Step: Equatable {
        /// A sound group, its payload in the buffer unless it was skipped.
        case group(GroupHeader)
        /// Numbers that cannot be read.
        case lost(ClosedRange<UInt64>, offset: Int)
        /// Nothing more, at least for now.
        case end
    }

    /// While a segment is being written, the first fruitless step looks a little behind the broken place, and then one
    /// of so many as far as anything is written: that may be many MiB, and is not searched all the time.
    private static let pollsBetweenLooks = 64
    private static let shortLook = 256 << 10
    /// Behind more zeros than the largest group has nothing is written yet: a look at a segment that grows ends there.
    private static let zerosLookedAt = LogFormat.maxPayloadBytes

    let file: SegmentFile
    let header: SegmentHeader
    /// Where the next group begins.
    private(set) var offset = LogFormat.dataStart
    /// The next group's first number.
    private(set) var expected: UInt64
    /// All up to here is known to have been on the disk.
    private(set) var knownDurable: UInt64 = 0
    /// What the next segment tells of this one's last number: behind it, nothing counts.
    private(set) var last: UInt64?
    /// The log was closed at the end of this segment.
    private(set) var isClosed = false
    /// The end is one that only damage explains: there is more in the file that cannot be read.
    private(set) var endsInDamage = false
    private var quietPolls = 0
    /// How large the file was when that was last asked.
    private var fileBytes = 0

    init(file: SegmentFile, header: SegmentHeader) {
        self.file = file
        self.header = header
        expected = header.firstSequence
    }

    /// Whether any record stood in the segment, so far as was read.
    var hasRecords: Bool { expected > header.firstSequence }

    /// The next segment is there, and says where this one ends; with a damaged header, no more than that it has.
    mutating func end(before next: SegmentHeader) {
        guard next.isSound else {
            last = next.firstSequence - 1
            return
        }
        last = next.previousLast
        knownDurable = max(knownDurable, next.previousLast)
    }

    /// The next step. Groups that end at or before `skipping` are passed over without reading their payload.
    ///
    /// While another process writes the segment, what looks broken may just be half written: unless `thorough`, such
    /// an end is only looked behind now and then.
    mutating func step(
        into payload: inout [UInt8], skipping: UInt64 = 0, thorough: Bool = true
    ) throws(LogError) -> Step {
        if endsInDamage || isClosed { return .end }
        if let last, expected > last { return .end }
        if let group = try soundGroup(at: offset, into: &payload, skipping: skipping), isNext(group) {
            return pass(group)
        }
        if thorough || last != nil { return try lookBehind(into: &payload, skipping: skipping, within: .max) }
        quietPolls += 1
        let isLong = quietPolls % Self.pollsBetweenLooks == 0
        guard isLong || quietPolls == 1 else { return .end }
        return try lookBehind(
            into: &payload, skipping: skipping, within: isLong ? .max : Self.shortLook, zeroLimit: Self.zerosLookedAt)
    }

    /// Walks to the end: the last number of the segment, 0 where it held none.
    mutating func lastSequence() throws(LogError) -> UInt64 {
        var payload: [UInt8] = []
        while try step(into: &payload, skipping: .max - 1) != .end {}
        return hasRecords ? expected - 1 : 0
    }

    private mutating func pass(_ group: GroupHeader) -> Step {
        quietPolls = 0
        offset += group.paddedBytes
        expected = group.endSequence
        knownDurable = max(knownDurable, group.durableSequence)
        isClosed = group.isClosing
        return .group(group)
    }

    /// There is no sound group where one should be: is this damage or the end?
    private mutating func lookBehind(
        into payload: inout [UInt8], skipping: UInt64, within limit: Int, zeroLimit: Int = .max
    ) throws(LogError) -> Step {
        let found = try scan(within: limit, zeroLimit)
        // A page that cannot be read was whole once, and what was written behind it may be on the disk.
        if let found, try endsUnreadably { knownDurable = max(knownDurable, found.first - 1) }
        guard expected <= knownDurable else { return .end }
        // What is known as durable now was complete before it was said so: only a second look counts.
        if let group = try soundGroup(at: offset, into: &payload, skipping: skipping), isNext(group) {
            return pass(group)
        }
        let start = offset
        if let found, found.first <= knownDurable &+ 1 {
            let lost = expected
            offset = found.offset
            expected = found.first
            guard lost < found.first else { return try step(into: &payload, skipping: skipping) }
            return .lost(lost...(found.first - 1), offset: start)
        }
        let lost = expected...knownDurable
        expected = knownDurable + 1
        endsInDamage = true
        return .lost(lost, offset: start)
    }

    /// Whether the next group may stand at its place and cannot be read from the disk.
    var endsUnreadably: Bool {
        get throws(LogError) {
            if file.isUnreadable(in: offset..<(offset + LogFormat.groupHeaderSize)) { return true }
            guard let group = try file.groupHeader(at: offset, logID: header.logID), isNext(group) else { return false }
            return file.isUnreadable(in: offset..<(offset + LogFormat.groupHeaderSize + group.payloadBytes))
        }
    }

    /// Looks for sound groups behind the broken place: the first one, and what all of them know as durable.
    private mutating func scan(within limit: Int, _ zeroLimit: Int) throws(LogError) -> (offset: Int, first: UInt64)? {
        var scanner = GroupScanner(
            file: file, logID: header.logID, offset: offset, limit: limit, zeroLimit: zeroLimit)
        var found: (offset: Int, first: UInt64)?
        while let (place, group) = try scanner.next() {
            guard group.firstSequence >= expected, isOurs(group) else { continue }
            if let last, group.firstSequence > last { break }
            if found == nil { found = (place, group.firstSequence) }
            knownDurable = max(knownDurable, group.durableSequence)
        }
        return found
    }

    /// No number above the reserved ones was handed out.
    private func isOurs(_ group: GroupHeader) -> Bool { group.endSequence <= header.reservedThrough + 1 }

    private func isNext(_ group: GroupHeader) -> Bool { group.firstSequence == expected && isOurs(group) }

    private mutating func soundGroup(
        at offset: Int, into payload: inout [UInt8], skipping: UInt64
    ) throws(LogError) -> GroupHeader? {
        guard let group = try file.groupHeader(at: offset, logID: header.logID) else { return nil }
        if group.endSequence <= skipping &+ 1 {
            let end = offset + LogFormat.groupHeaderSize + group.payloadBytes
            if end > fileBytes { fileBytes = try file.facts().bytes }
            return end <= fileBytes ? group : nil
        }
        return try file.readPayload(of: group, at: offset, into: &payload) ? group : nil
    }
}

extension SegmentFile {
    /// The header of the group that begins at the offset; nil where there is none, or not a sound one.
    func groupHeader(at offset: Int, logID: LogID) throws(LogError) -> GroupHeader? {
        try withUnsafeTemporaryAllocation(byteCount: LogFormat.groupHeaderSize, alignment: 8) {
            buffer throws(LogError) in
            guard try read(into: buffer, at: offset) == buffer.count else { return nil }
            return GroupHeader(UnsafeRawBufferPointer(buffer), logID: logID)
        }
    }

    /// Reads a group's payload; false where it is not what the header says.
    func readPayload(of group: GroupHeader, at offset: Int, into payload: inout [UInt8]) throws(LogError) -> Bool {
        if payload.count != group.payloadBytes {
            if payload.count > group.payloadBytes {
                payload.removeLast(payload.count - group.payloadBytes)
            } else {
                payload.append(contentsOf: repeatElement(0, count: group.payloadBytes - payload.count))
            }
        }
        return try payload.withMutableBytes { buffer throws(LogError) in
            guard try read(into: buffer, at: offset + LogFormat.groupHeaderSize) == buffer.count else { return false }
            let bytes = UnsafeRawBufferPointer(buffer)
            return checksum(bytes) == group.payloadChecksum && RecordWalk.holds(group.count, in: bytes)
        }
    }
}
