import Glibc

/// Files that are replaced as a whole: a reader sees the old content or the new, also after a power cut.
package enum AtomicFile {
    /// Writes `bytes` into a new file beside `path`, syncs it, renames it into place and syncs the directory.
    /// Callers that may run at the same time hold a lock (`locked`).
    package static func replace(_ path: String, with bytes: [UInt8], mode: UInt32) throws(StoreError) {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw failure("creating \(temporary)") }
        do throws(StoreError) {
            defer { close(file) }
            guard fchmod(file, mode) == 0 else { throw failure("setting the mode of \(temporary)") }
            try write(bytes, to: file, path: temporary)
            guard fsync(file) == 0 else { throw failure("syncing \(temporary)") }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = failure("renaming \(temporary) to \(path)")
            unlink(temporary)
            throw error
        }
        try syncDirectory(directory(of: path))
    }

    /// Runs `body` while this process holds the lock on the file at `path`, which is made where it is missing and
    /// stays. Waits for another holder; the lock ends with the process that holds it.
    package static func locked<Value>(
        _ path: String, mode: UInt32, _ body: () throws -> Value
    ) throws -> Value {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw failure("opening the lock \(path)") }
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("locking \(path)") }
        }
        return try body()
    }

    /// The directory that holds the file at `path`.
    package static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func syncDirectory(_ path: String) throws(StoreError) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("opening \(path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("syncing \(path)") }
    }

    private static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(StoreError) {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { buffer in
                Glibc.write(file, buffer.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw failure("writing \(path)") }
            start += written
        }
    }

    /// The error of the call that just failed, by its `errno`.
    private static func failure(_ what: String) -> StoreError {
        let number = errno
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return StoreError(.diskFull, "\(what) failed: \(reason); free some space and try again")
        case EACCES, EPERM, EROFS:
            return StoreError(.notPermitted, "\(what) was not permitted: \(reason); check the owner of data_dir")
        default:
            return StoreError(.failed, "\(what) failed: \(reason)")
        }
    }
}
