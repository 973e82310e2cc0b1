import EventModel

/// The segment that is being written.
///
/// Zeros are written ahead of the groups, a stretch at a time: overwriting them costs one trip to the disk, where
/// growing the file costs two. Large writes grow the file: there the second trip weighs little, writing twice much.
struct ActiveSegment {
    private static let smallestStretch = 64 << 10
    /// Whoever waits for a group waits for the zeros behind it too: small enough to be hardly felt.
    private static let largestStretch = 256 << 10
    private static let zeros = [UInt8](repeating: 0, count: largestStretch)
    /// From this size on a write grows the file.
    private static let largeWriteBytes = 256 << 10

    let header: SegmentHeader
    let path: String
    private let descriptor: Int32
    private let files: any LogFiles
    /// Where the next group begins, and up to where zeros stand.
    private(set) var usedBytes = LogFormat.dataStart
    private var zeroedBytes: Int
    /// Up to where all is on the disk.
    private var durableBytes = LogFormat.dataStart
    private(set) var recordCount: UInt64 = 0
    private(set) var firstRecordAt: Timestamp?

    /// Makes the segment: when this returns, it is on the disk under its name.
    static func create(
        _ header: SegmentHeader, in directory: String, files: any LogFiles
    ) throws(LogError) -> ActiveSegment {
        let path = SegmentName(firstSequence: header.firstSequence).path(in: directory)
        let unfinished = path + ".new"
        let descriptor = try files.create(unfinished)
        do throws(LogError) {
            let bytes = header.encoded() + [UInt8](repeating: 0, count: smallestStretch - LogFormat.dataStart)
            try bytes.withBytes { buffer throws(LogError) in try files.write(buffer, to: descriptor, at: 0) }
            try files.sync(descriptor)
            try files.rename(unfinished, to: path)
        } catch {
            files.close(descriptor)
            try? files.remove(unfinished)
            throw error
        }
        do throws(LogError) { try files.syncDirectory(directory) } catch {
            files.close(descriptor)
            try? files.remove(path)
            throw error
        }
        return ActiveSegment(header: header, path: path, descriptor: descriptor, files: files)
    }

    private init(header: SegmentHeader, path: String, descriptor: Int32, files: any LogFiles) {
        self.header = header
        self.path = path
        self.descriptor = descriptor
        self.files = files
        zeroedBytes = Self.smallestStretch
    }

    /// Whether writing so much makes the file larger.
    func grows(by bytes: Int) -> Bool { usedBytes + bytes > zeroedBytes }

    /// Writes groups, headers filled in, and returns when they are on the disk. With `ahead`, zeros may be written
    /// behind them, up to the segment's size.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, records: Int, at time: Timestamp, ahead segmentBytes: Int?
    ) throws(LogError) {
        let end = usedBytes + bytes.count
        try files.write(bytes, to: descriptor, at: usedBytes)
        if end > zeroedBytes {
            zeroedBytes = end
            if let segmentBytes, bytes.count < Self.largeWriteBytes { try writeZeros(upTo: segmentBytes) }
        }
        usedBytes = end
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
    /// still obeys. The next segment's header says the same where it does not.
    consuming func seal() {
        try? files.truncate(descriptor, to: durableBytes)
        files.close(descriptor)
    }
}
