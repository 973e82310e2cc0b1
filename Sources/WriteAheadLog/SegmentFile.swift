import EventModel
import Glibc
import Synchronization

/// A segment opened for reading.
final class SegmentFile: Sendable {
    /// What is passed over where the disk cannot read: a page of the kernel's, which reads no less.
    private static let pageBytes = 4_096

    let name: SegmentName
    let path: String
    private let descriptor: Int32
    private let reads: any SegmentReads
    private let broken = Mutex(UnreadableStretches())

    /// Nil where the segment is gone.
    init?(
        _ name: SegmentName, in directory: String, reads: any SegmentReads = SystemSegmentReads()
    ) throws(LogError) {
        self.name = name
        self.reads = reads
        path = name.path(in: directory)
        descriptor = reads.open(path)
        if descriptor < 0 {
            guard errno == ENOENT else { throw LogError(errno: errno, "cannot open the log segment \(path)") }
            return nil
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads up to the buffer's size from the offset; less only at the end of the file. Pages that the disk cannot
    /// read, at a second try either, are damage like any other: they come as zeros, and are noted.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(LogError) -> Int {
        var done = 0
        var hasTriedAgain = false
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            var count = reads.read(descriptor, into: rest, at: offset + done)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EIO {
                if !hasTriedAgain {
                    hasTriedAgain = true
                    continue
                }
                count = try passOverPage(at: offset + done, in: rest)
            }
            guard count >= 0 else { throw LogError(errno: errno, "cannot read the log segment \(path)") }
            if count == 0 { break }
            done += count
            hasTriedAgain = false
        }
        return done
    }

    /// Fills the buffer with zeros up to the next page; how many, 0 where the file ends before.
    private func passOverPage(at offset: Int, in buffer: UnsafeMutableRawBufferPointer) throws(LogError) -> Int {
        let start = offset / Self.pageBytes * Self.pageBytes
        let end = min(start + Self.pageBytes, try facts().bytes)
        guard offset < end else { return 0 }
        broken.withLock { $0.add(start..<end) }
        let count = min(end - offset, buffer.count)
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]).initializeMemory(as: UInt8.self, repeating: 0)
        return count
    }

    /// What could not be read so far.
    var unreadable: UnreadableStretches { broken.withLock { $0 } }

    func isUnreadable(in range: Range<Int>) -> Bool { broken.withLock { $0.touch(range) } }

    /// Size in bytes, what it occupies on the disk, and when it was last changed.
    func facts() throws(LogError) -> (bytes: Int, occupiedBytes: Int, changedAt: Timestamp) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw LogError(errno: errno, "cannot look at the log segment \(path)")
        }
        let changed = Int64(facts.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000)
        return (
            Int(facts.st_size), Int(facts.st_blocks) * 512,
            LogFormat.time(changed.overflow ? 0 : changed.partialValue)
        )
    }

    /// Returns when all that was read from the segment is on the disk.
    func sync() throws(LogError) {
        guard fdatasync(descriptor) == 0 else { throw LogError(errno: errno, "cannot sync the log segment \(path)") }
    }

    /// The segment's header. Where both copies of it are damaged, what the name and the first sound group tell;
    /// `logID` is taken where there is no such group.
    func header(logID: LogID?) throws(LogError) -> SegmentHeader {
        var bytes = [UInt8](repeating: 0, count: LogFormat.dataStart)
        let count = try bytes.withMutableBytes { buffer throws(LogError) in try read(into: buffer, at: 0) }
        let reading = bytes.withUnsafeBytes { SegmentHeader.read(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        switch reading {
        case .header(let header):
            guard header.firstSequence == name.firstSequence else {
                throw LogError(
                    .damaged, "the log segment \(path) begins at \(header.firstSequence); give it its own name back")
            }
            if let logID, logID != header.logID {
                throw LogError(
                    .foreignLog,
                    "the log segment \(path) belongs to the log \(header.logID), not to \(logID); move it elsewhere")
            }
            return header
        case .unknownVersion(let version):
            throw LogError(
                .unknownVersion,
                "the log segment \(path) has format \(version), this program knows \(LogFormat.version); "
                    + "use the program that wrote it")
        case .damaged:
            var told = logID
            if told == nil { told = try idOfFirstGroup() }
            guard let id = told else {
                throw LogError(
                    .damaged,
                    "the header of the log segment \(path) is damaged, and nothing else tells which log it is; "
                        + "move it elsewhere, or restore it")
            }
            return SegmentHeader(
                logID: id, firstSequence: name.firstSequence,
                reservedThrough: name.firstSequence + LogFormat.maxReservedNumbers, previousLast: 0,
                createdAt: try facts().changedAt, isSound: false)
        }
    }

    /// The log's id as any of the segments tells it, the newest first; nil where none does.
    static func logID(
        of names: some BidirectionalCollection<SegmentName>, in directory: String,
        reads: any SegmentReads = SystemSegmentReads()
    ) throws(LogError) -> LogID? {
        for name in names.reversed() {
            guard let file = try SegmentFile(name, in: directory, reads: reads) else { continue }
            do throws(LogError) { return try file.header(logID: nil).logID } catch {
                guard error.code == .damaged else { throw error }
            }
        }
        return nil
    }

    private func idOfFirstGroup() throws(LogError) -> LogID? {
        var bytes = [UInt8](repeating: 0, count: LogFormat.groupHeaderSize)
        let count = try bytes.withMutableBytes { buffer throws(LogError) in
            try read(into: buffer, at: LogFormat.dataStart)
        }
        return bytes.withUnsafeBytes { buffer in
            guard count == buffer.count else { return nil }
            let id = LogID(buffer, at: 40)
            return GroupHeader(buffer, logID: id)?.firstSequence == name.firstSequence ? id : nil
        }
    }
}
