import EventModel

/// The segment that is being written.
///
/// It is begun with zeros that are on the disk already, and ends with them where the next one is prepared. Where it is
/// not, more zeros are written behind the groups, a stretch at a time; large writes grow the file: there a second trip
/// to the disk weighs little, writing twice much.
struct ActiveSegment {
    private static let smallestStretch = 64 << 10
    /// Whoever waits for a group waits for the zeros behind it too: small enough to be hardly felt.
    private static let largestStretch = 256 << 10
    private static let zeros = [UInt8](repeating: 0, count: largestStretch)
    /// What a segment has that was not prepared.
    private static let firstZeros = PreparedSegment.stretchBytes
    /// From this size on a write grows the file.
    private static let largeWriteBytes = 256 << 10

    let header: SegmentHeader
    let path: String
    private let descriptor: Int32
    private let files: any LogFiles
    /// Where the next group begins, and up to where zeros stand.
    private(set) var usedBytes = LogFormat.dataStart
    private(set) var zeroedBytes: Int
    /// Up to where all is on the disk.
    private var durableBytes = LogFormat.dataStart
    private(set) var recordCount: UInt64 = 0
    private(set) var firstRecordAt: Timestamp?

    /// Makes the segment, of what is prepared or of a new file with a stretch of zeros: when this returns, it is on
    /// the disk under its name.
    static func create(
        _ header: SegmentHeader, in directory: String, files: any LogFiles, prepared: PreparedSegment? = nil,
        segmentBytes: Int = LogFormat.dataStart
    ) throws(LogError) -> ActiveSegment {
        let path = SegmentName(firstSequence: header.firstSequence).path(in: directory)
        var file: PreparedSegment
        if let prepared { file = prepared } else { file = try PreparedSegment(path: path + ".new", files: files) }
        do throws(LogError) {
            if prepared == nil { try file.extend(towards: max(min(segmentBytes, firstZeros), LogFormat.dataStart)) }
            try header.encoded().withBytes { buffer throws(LogError) in
                try files.write(buffer, to: file.descriptor, at: 0)
            }
            try files.sync(file.descriptor)
            try files.rename(file.path, to: path)
        } catch {
            file.discard()
            throw error
        }
        do throws(LogError) { try files.syncDirectory(directory) } catch {
            files.close(file.descriptor)
            try? files.remove(path)
            throw error
        }
        return ActiveSegment(header: header, path: path, file: file)
    }

    private init(header: SegmentHeader, path: String, file: PreparedSegment) {
        self.header = header
        self.path = path
        descriptor = file.descriptor
        files = file.files
        zeroedBytes = file.zeroedBytes
    }

    /// Writes groups, headers filled in, and returns when they are on the disk. With `ahead`, zeros may be written
    /// behind them, up to the segment's size.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, records: Int, at time: Timestamp, ahead segmentBytes: Int?
    ) throws(LogError) {
        let start = usedBytes
        let end = start + bytes.count
        usedBytes = end
        try files.write(bytes, to: descriptor, at: start)
        if end > zeroedBytes {
            zeroedBytes = end
            if let segmentBytes, bytes.count < Self.largeWriteBytes { try writeZeros(upTo: segmentBytes) }
        }
        recordCount += UInt64(records)
        if firstRecordAt == nil, records > 0 { firstRecordAt = time }
        try files.sync(descriptor)
        durableBytes = end
    }

    /// A disk without room for zeros may still have some for groups.
    private mutating func writeZeros(upTo segmentBytes: Int) throws(LogError) {
        let stretch = min(Self.largestStretch, max(Self.smallestStretch, zeroedBytes), segmentBytes - zeroedBytes)
        guard stretch > 0 else { return }
        do throws(LogError) {
            try Self.zeros.withBytes { zeros throws(LogError) in
                try files.write(UnsafeRawBufferPointer(rebasing: zeros[..<stretch]), to: descriptor, at: zeroedBytes)
            }
        } catch {
            guard error.code == .full else { throw error }
            return
        }
        zeroedBytes += stretch
    }

    /// Ends the segment behind what is on the disk: zeros and what could not be synced are cut off, as far as the disk
    /// still obeys. The next segment's header says the same where it does not. Giving back many blocks takes long.
    consuming func seal() {
        do throws(LogError) { try files.truncate(descriptor, to: durableBytes) } catch {
            // Readers look at what the kernel holds, which may take a write that the disk does not: without its header
            // no group behind the last good sync is one.
            let zeros = [UInt8](repeating: 0, count: LogFormat.alignment)
            if usedBytes > durableBytes {
                try? zeros.withBytes { bytes throws(LogError) in
                    try files.write(bytes, to: descriptor, at: durableBytes)
                }
            }
        }
        files.close(descriptor)
    }
}
