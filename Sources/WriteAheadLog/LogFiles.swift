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

    package func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws(LogError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw LogError(errno: count == 0 ? ENOSPC : errno, "cannot write \(bytes.count) bytes to the log")
            }
            done += count
        }
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
