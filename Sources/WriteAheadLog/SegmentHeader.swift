import EventModel

/// What stands at the begin of a segment; see `LogFormat`.
struct SegmentHeader: Equatable, Sendable {
    var logID: LogID
    var firstSequence: UInt64
    var reservedThrough: UInt64
    /// The last record that stands in the log before this segment, 0 for none.
    var previousLast: UInt64
    var createdAt: Timestamp
    /// False where the header is damaged and this is what the name and the groups tell: `previousLast` is not known.
    var isSound = true

    /// What became of reading a header.
    enum Reading: Equatable {
        case header(SegmentHeader)
        case unknownVersion(UInt32)
        case damaged
    }

    /// The header and its copy, as they stand in the file.
    func encoded() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: LogFormat.headerSize)
        bytes.withUnsafeMutableBytes { buffer in
            buffer.put(LogFormat.segmentMagic, at: 0)
            buffer.put(LogFormat.version, at: 8)
            buffer.put(logID.high.byteSwapped, at: 16)
            buffer.put(logID.low.byteSwapped, at: 24)
            buffer.put(firstSequence, at: 32)
            buffer.put(reservedThrough, at: 40)
            buffer.put(previousLast, at: 48)
            buffer.put(createdAt.milliseconds, at: 56)
            let end = LogFormat.headerSize - 4
            buffer.put(checksum(UnsafeRawBufferPointer(rebasing: buffer[..<end])), at: end)
        }
        return bytes + bytes
    }

    /// Reads the header or, where that is damaged, its copy.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        var versions: [UInt32] = []
        for start in stride(from: 0, to: LogFormat.dataStart, by: LogFormat.headerSize) {
            guard bytes.count >= start + LogFormat.headerSize else { break }
            let copy = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + LogFormat.headerSize)])
            guard copy.number(at: 0, as: UInt64.self) == LogFormat.segmentMagic else { continue }
            let version = copy.number(at: 8, as: UInt32.self)
            versions.append(version)
            let end = LogFormat.headerSize - 4
            guard copy.number(at: end) == checksum(UnsafeRawBufferPointer(rebasing: copy[..<end])) else { continue }
            guard version == LogFormat.version else { return .unknownVersion(version) }
            let header = SegmentHeader(sound: copy)
            guard header.makesSense else { continue }
            return .header(header)
        }
        // A later version may keep its checksum elsewhere: both copies then agree on a version that is not ours.
        if versions.count == 2, versions[0] == versions[1], versions[0] != LogFormat.version {
            return .unknownVersion(versions[0])
        }
        return .damaged
    }

    /// A checksum proves what was written, not that it was written by a log.
    private var makesSense: Bool {
        (1...LogFormat.maxSequence).contains(firstSequence) && previousLast < firstSequence
            && (firstSequence - 1...LogFormat.maxSequence + LogFormat.maxReservedNumbers).contains(reservedThrough)
    }

    private init(sound bytes: UnsafeRawBufferPointer) {
        self.init(
            logID: LogID(bytes, at: 16), firstSequence: bytes.number(at: 32), reservedThrough: bytes.number(at: 40),
            previousLast: bytes.number(at: 48), createdAt: LogFormat.time(bytes.number(at: 56)))
    }

    init(
        logID: LogID, firstSequence: UInt64, reservedThrough: UInt64, previousLast: UInt64, createdAt: Timestamp,
        isSound: Bool = true
    ) {
        self.logID = logID
        self.firstSequence = firstSequence
        self.reservedThrough = reservedThrough
        self.previousLast = previousLast
        self.createdAt = createdAt
        self.isSound = isSound
    }
}

extension LogID {
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        self.init(
            high: bytes.number(at: offset, as: UInt64.self).byteSwapped,
            low: bytes.number(at: offset + 8, as: UInt64.self).byteSwapped)
    }
}
