import Glibc
import Synchronization

/// The file-system side of a file of events.
enum EventFile {
    /// Directories whose names this process has seen to be on the disk.
    private static let settled = Mutex<Set<String>>([])
    /// More are not kept: they are synced once more.
    private static let maxSettled = 4_096

    /// Makes the directory of `path` with those above it, mode 0700, and syncs what was made.
    static func makeDirectory(of path: String) throws(WarehouseError) { try make(parent(of: path)) }

    private static func make(_ directory: String) throws(WarehouseError) {
        if exists(directory) {
            if settled.withLock({ $0.contains(directory) }) { return }
            // Whoever made it may have died before its name was on the disk. Where that may not be looked after, the
            // directory above is somebody else's, and so was the making.
            try? sync(parent(of: directory), isDirectory: true)
        } else {
            try make(parent(of: directory))
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                throw failure("make the directory \(directory)")
            }
            try sync(parent(of: directory), isDirectory: true)
        }
        settled.withLock { settled in
            if settled.count >= maxSettled { settled.removeAll() }
            settled.insert(directory)
        }
    }

    /// Puts the file and its name on the disk, and makes it readable by its owner only.
    static func settle(_ path: String) throws(WarehouseError) {
        guard chmod(path, 0o600) == 0 else { throw failure("set the mode of \(path)") }
        try sync(path, isDirectory: false)
        try sync(parent(of: path), isDirectory: true)
    }

    static func size(of path: String) throws(WarehouseError) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("read the size of \(path)") }
        return Int64(status.st_size)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes what a failed write left; nothing can be done where that fails, too.
    static func removeRemains(_ path: String) { unlink(path) }

    private static func sync(_ path: String, isDirectory: Bool) throws(WarehouseError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (isDirectory ? O_DIRECTORY : 0))
        guard descriptor >= 0 else { throw failure("open \(path) to sync it") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync \(path)") }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ attempt: String) -> WarehouseError {
        let number = errno
        let reason = String(cString: strerror(number))
        switch number {
        case ENOENT: return WarehouseError(.missingFile, attempt, reason)
        case EACCES, EPERM, EROFS:
            return WarehouseError(.refused, attempt, "\(reason); check who owns it, and its mode")
        case ENOSPC, EDQUOT: return WarehouseError(.inputOutput, attempt, "\(reason); free some space and try again")
        default: return WarehouseError(.inputOutput, attempt, reason)
        }
    }
}
