import EventModel

/// What stands before the records of a group; see `LogFormat`.
struct GroupHeader: Equatable, Sendable {
    static let closedFlag: UInt32 = 1

    var payloadBytes: Int
    var firstSequence: UInt64
    var count: Int
    /// The log was closed here.
    var isClosing = false
    /// The last sequence number known to be durable when the group was written.
    var durableSequence: UInt64
    var writtenAt: Timestamp
    var logID: LogID
    var payloadChecksum: UInt32

    /// The number after the last record's.
    var endSequence: UInt64 { firstSequence + UInt64(count) }
    /// From the group's begin to that of the next.
    var paddedBytes: Int { LogFormat.aligned(LogFormat.groupHeaderSize + payloadBytes) }

    /// Puts the header with its checksum at the begin of the buffer.
    func encode(into buffer: UnsafeMutableRawBufferPointer) {
        buffer.put(LogFormat.groupMagic, at: 0)
        buffer.put(UInt32(payloadBytes), at: 4)
        buffer.put(firstSequence, at: 8)
        buffer.put(UInt32(count), at: 16)
        buffer.put(isClosing ? Self.closedFlag : 0, at: 20)
        buffer.put(durableSequence, at: 24)
        buffer.put(writtenAt.milliseconds, at: 32)
        buffer.put(logID.high.byteSwapped, at: 40)
        buffer.put(logID.low.byteSwapped, at: 48)
        buffer.put(payloadChecksum, at: 56)
        buffer.put(checksum(UnsafeRawBufferPointer(rebasing: buffer[..<60])), at: 60)
    }

    init(
        payloadBytes: Int, firstSequence: UInt64, count: Int, isClosing: Bool = false, durableSequence: UInt64,
        writtenAt: Timestamp, logID: LogID, payloadChecksum: UInt32
    ) {
        self.payloadBytes = payloadBytes
        self.firstSequence = firstSequence
        self.count = count
        self.isClosing = isClosing
        self.durableSequence = durableSequence
        self.writtenAt = writtenAt
        self.logID = logID
        self.payloadChecksum = payloadChecksum
    }

    /// Reads a header of this log; nil where there is none, or not a sound one.
    init?(_ bytes: UnsafeRawBufferPointer, logID: LogID) {
        guard bytes.count >= LogFormat.groupHeaderSize, bytes.number(at: 0, as: UInt32.self) == LogFormat.groupMagic,
            bytes.number(at: 60) == checksum(UnsafeRawBufferPointer(rebasing: bytes[..<60])),
            LogID(bytes, at: 40) == logID
        else { return nil }
        let payload = Int(bytes.number(at: 4, as: UInt32.self))
        let count = Int(bytes.number(at: 16, as: UInt32.self))
        let first = bytes.number(at: 8, as: UInt64.self)
        let isClosing = bytes.number(at: 20, as: UInt32.self) & Self.closedFlag != 0
        // A checksum proves what was written, not that it makes sense.
        guard payload <= LogFormat.maxPayloadBytes, count * LogFormat.recordHeaderSize <= payload,
            count > 0 || (isClosing && payload == 0), (1...LogFormat.maxSequence).contains(first),
            bytes.number(at: 24, as: UInt64.self) < first
        else { return nil }
        self.init(
            payloadBytes: payload, firstSequence: first, count: count, isClosing: isClosing,
            durableSequence: bytes.number(at: 24), writtenAt: LogFormat.time(bytes.number(at: 32)),
            logID: logID, payloadChecksum: bytes.number(at: 56))
    }
}

/// Walks the records of a group's payload.
struct RecordWalk {
    let payload: UnsafeRawBufferPointer
    private(set) var offset: Int

    init(_ payload: UnsafeRawBufferPointer, from offset: Int = 0) {
        self.payload = payload
        self.offset = offset
    }

    /// The next record's place in the payload; nil at the end, or where the rest is no record.
    mutating func next() -> Range<Int>? {
        guard payload.count - offset >= LogFormat.recordHeaderSize else { return nil }
        let size = Int(payload.number(at: offset, as: UInt32.self))
        let start = offset + LogFormat.recordHeaderSize
        guard size <= payload.count - start else { return nil }
        offset = start + size
        return start..<offset
    }

    /// Whether the payload is exactly `count` records.
    static func holds(_ count: Int, in payload: UnsafeRawBufferPointer) -> Bool {
        var walk = RecordWalk(payload)
        for _ in 0..<count where walk.next() == nil { return false }
        return walk.offset == payload.count
    }
}
