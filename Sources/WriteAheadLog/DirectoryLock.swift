import EventModel
import Glibc

/// The right to write a log: one process at a time, until it ends however it ends.
///
/// An advisory lock on the directory itself; the file `writer` in it only says who holds it.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Makes the directory where it is missing. Where another process has the lock, the error says which.
    init(_ directory: String) throws(LogError) {
        if mkdir(directory, 0o750) == 0 {
            try SystemLogFiles().syncDirectory(directory + "/..")
        } else if errno == EEXIST {
            // Whoever made it may have died before its name was on the disk. Not to be allowed it is no fault: then it
            // was made by somebody else, long ago.
            try? SystemLogFiles().syncDirectory(directory + "/..")
        } else {
            let attempted = "cannot make the log directory \(directory); make its parent directory, or give the right"
            guard errno == ENOENT || errno == ENOTDIR else { throw LogError(errno: errno, attempted) }
            throw LogError(.cannotCreate, attempted, underlying: errno)
        }
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LogError(errno: errno, "cannot open the log directory \(directory)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            guard number == EWOULDBLOCK else {
                throw LogError(errno: number, "cannot lock the log directory \(directory)")
            }
            let holder = readWholeFile(directory + "/writer").map { String(decoding: $0, as: UTF8.self) }
            throw LogError(
                .locked,
                "the log \(directory) is written by another process (\(holder ?? "unknown")); stop that one first")
        }
        self.descriptor = descriptor
        Self.sayWho(directory)
    }

    /// Unlocks before it closes: a process that is just being started holds a copy of the descriptor until it runs.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func sayWho(_ directory: String) {
        let file = open(directory + "/writer", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard file >= 0 else { return }
        defer { close(file) }
        let program = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "a program"
        let text = Array("\(program), process \(getpid()), since \(Clock.system.now().wholeSecondsText)".utf8)
        _ = write(file, text, text.count)
    }
}

/// A small file's content; nil where it cannot be read.
func readWholeFile(_ path: String, limit: Int = 4_096) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
        count = max(0, read(file, buffer.baseAddress, limit))
    }
}
