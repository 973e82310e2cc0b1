import Glibc

/// What the log changes on a disk. Tests put another in its place that fails, or that loses what was not synced.
package protocol LogFiles: Sendable {
    /// Makes an empty file, in place of one that was there, and opens it for reading and writing.
    func create(_ path: String) throws(LogError) -> Int32
    /// Opens a file that is there, for reading and writing.
    func open(_ path: String) throws(LogError) -> Int32
    /// Writes all of the bytes.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws(LogError)
    /// Returns when the file's content and size are on the disk.
    func sync(_ descriptor: Int32) throws(LogError)
    func truncate(_ descriptor: Int32, to size: Int) throws(LogError)
    func close(_ descriptor: Int32)
    func rename(_ path: String, to newPath: String) throws(LogError)
    func remove(_ path: String) throws(LogError)
    /// Returns when the directory's names are on the disk.
    func syncDirectory(_ path: String) throws(LogError)
    /// Bytes that the disk under the directory has free for us.
    func freeBytes(_ path: String) throws(LogError) -> Int
}

/// The system's files.
package struct SystemLogFiles: LogFiles {
    package init() {}

    package func create(_ path: String) throws(LogError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw LogError(errno: errno, "cannot make the log segment \(path)") }
        return descriptor
    }

    package func open(_ path: String) throws(LogError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw LogError(errno: errno, "cannot open the log segment \(path)") }
        return descriptor
    }

    /// From this size on what is written goes past the kernel's cache, where disk and memory allow it: the pages of a
    /// file that nobody touched yet cost more than the write.
    private static let directBytes = 64 << 10
    /// `O_DIRECT` of `open(2)`, which the C library's module does not show.
    #if arch(arm64)
        private static let directFlag: Int32 = 0o200000
    #else
        private static let directFlag: Int32 = 0o40000
    #endif

    package func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws(LogError) {
        var isDirect = bytes.count >= Self.directBytes && Self.isAligned(bytes, offset) && goDirect(descriptor, true)
        defer { if isDirect { _ = goDirect(descriptor, false) } }
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            if isDirect, count < 0 ? errno == EINVAL : count % LogFormat.alignment != 0 {
                isDirect = false
                _ = goDirect(descriptor, false)
                if count < 0 { continue }
            }
            guard count > 0 else {
                throw LogError(errno: count == 0 ? ENOSPC : errno, "cannot write \(bytes.count) bytes to the log")
            }
            done += count
        }
    }

    private static func isAligned(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Bool {
        (Int(bitPattern: bytes.baseAddress) | bytes.count | offset) % LogFormat.alignment == 0
    }

    /// Whether writes to the file pass by the kernel's cache from here on, or no longer do.
    private func goDirect(_ descriptor: Int32, _ isDirect: Bool) -> Bool {
        let flags = fcntl(descriptor, F_GETFL)
        let wanted = isDirect ? flags | Self.directFlag : flags & ~Self.directFlag
        return flags >= 0 && fcntl(descriptor, F_SETFL, wanted) == 0
    }

    package func sync(_ descriptor: Int32) throws(LogError) {
        while fdatasync(descriptor) != 0 {
            guard errno == EINTR else { throw LogError(errno: errno, "cannot sync the log to the disk") }
        }
    }

    package func truncate(_ descriptor: Int32, to size: Int) throws(LogError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw LogError(errno: errno, "cannot cut a log segment to \(size) bytes")
        }
    }

    package func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    package func rename(_ path: String, to newPath: String) throws(LogError) {
        guard Glibc.rename(path, newPath) == 0 else {
            throw LogError(errno: errno, "cannot rename \(path) to \(newPath)")
        }
    }

    package func remove(_ path: String) throws(LogError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw LogError(errno: errno, "cannot remove \(path)") }
    }

    package func syncDirectory(_ path: String) throws(LogError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LogError(errno: errno, "cannot open the directory \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw LogError(errno: errno, "cannot sync the directory \(path)") }
    }

    package func freeBytes(_ path: String) throws(LogError) -> Int {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { throw LogError(errno: errno, "cannot ask how much is free at \(path)") }
        return Int(clamping: UInt64(facts.f_bavail) * UInt64(facts.f_frsize))
    }
}
