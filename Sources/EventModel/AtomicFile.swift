import Glibc

/// What the file system refused.
package struct FileError: ExitCoded, Equatable {
    /// What was attempted, with the path.
    package let attempted: String
    /// The system's error number.
    package let number: Int32

    package init(_ attempted: String, number: Int32) {
        self.attempted = attempted
        self.number = number
    }

    package var isFullDisk: Bool { number == ENOSPC || number == EDQUOT }
    package var isDenied: Bool { [EACCES, EPERM, EROFS].contains(number) }

    package var exitCode: ExitCode { isDenied ? .noPermission : .inputOutput }

    package var description: String {
        let remedy =
            isFullDisk ? "; free some space and try again" : isDenied ? "; check who owns it, and its mode" : ""
        return "\(attempted) failed: \(String(cString: strerror(number)))\(remedy)"
    }
}

/// Files that are replaced as a whole: a reader sees the old content or the new.
package enum AtomicFile {
    /// Writes `bytes` into a new file beside `path` and renames it into place.
    ///
    /// Where `isDurable`, the new content is on the disk when this returns, and after a power cut the file holds the
    /// one or the other; files of a status need no more than the rename. Callers that may run at the same time hold a
    /// lock (`locked`).
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32, isDurable: Bool = true
    ) throws(FileError) {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw failure("creating \(temporary)") }
        do throws(FileError) {
            defer { close(file) }
            guard fchmod(file, mode) == 0 else { throw failure("setting the mode of \(temporary)") }
            try write(bytes, to: file, path: temporary)
            guard !isDurable || fsync(file) == 0 else { throw failure("syncing \(temporary)") }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = failure("renaming \(temporary) to \(path)")
            unlink(temporary)
            throw error
        }
        if isDurable { try syncDirectory(directory(of: path)) }
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

    /// Makes the directory that holds the file at `path`, and those above it, where they are missing.
    package static func makeDirectory(of path: String) throws(FileError) {
        let directory = directory(of: path)
        guard access(directory, F_OK) != 0 else { return }
        try makeDirectory(of: directory)
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
            throw failure("making the directory \(directory)")
        }
    }

    private static func syncDirectory(_ path: String) throws(FileError) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("opening \(path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("syncing \(path)") }
    }

    private static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(FileError) {
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
    private static func failure(_ what: String) -> FileError { FileError(what, number: errno) }
}
