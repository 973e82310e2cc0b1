/// A file that will be a segment: zeros which are on the disk, under a name that nobody takes for a segment's.
///
/// Overwriting zeros that are there costs one trip to the disk; growing a file, or writing to blocks that were only
/// reserved, costs two. A file that its writer left behind is removed at the next start.
struct PreparedSegment {
    /// What is written between two syncs: little, because a disk that is given much makes all others wait.
    static let stretchBytes = 512 << 10
    /// Placed so that they can be written past the kernel's cache, and never given back.
    private nonisolated(unsafe) static let zeros: UnsafeRawBufferPointer = {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: stretchBytes, alignment: 4_096)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        return UnsafeRawBufferPointer(memory)
    }()

    let path: String
    let descriptor: Int32
    let files: any LogFiles
    /// Up to where zeros are on the disk.
    private(set) var zeroedBytes = 0

    init(path: String, files: any LogFiles) throws(LogError) {
        self.path = path
        self.files = files
        descriptor = try files.create(path)
    }

    /// Writes and syncs up to a stretch of zeros more, not beyond `size`.
    mutating func extend(towards size: Int) throws(LogError) {
        let count = min(Self.stretchBytes, size - zeroedBytes)
        guard count > 0 else { return }
        try files.write(UnsafeRawBufferPointer(rebasing: Self.zeros[..<count]), to: descriptor, at: zeroedBytes)
        try files.sync(descriptor)
        zeroedBytes += count
    }

    /// Closes and removes the file.
    func discard() {
        files.close(descriptor)
        try? files.remove(path)
    }
}
