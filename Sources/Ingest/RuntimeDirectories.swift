import EventModel
import Glibc

/// The directories that the daemon needs beside its log. An installation has made them with their owners; a trial run
/// has not.
enum RuntimeDirectories {
    /// Makes those that are missing, one level each.
    static func prepare(_ options: IngestOptions) throws(IngestError) {
        let status = parent(of: options.statusFile)
        try make(parent(of: options.secretDirectory), 0o755)
        try make(status, 0o770)
        guard access(status, W_OK | X_OK) == 0 else {
            throw IngestError(.noPermission, "this user cannot write the directory \(status); change its owner or mode")
        }
    }

    private static func make(_ path: String, _ mode: mode_t) throws(IngestError) {
        guard mkdir(path, mode) != 0, errno != EEXIST else { return }
        let number = errno
        let isDenied = number == EACCES || number == EPERM || number == EROFS
        throw IngestError(
            isDenied ? .noPermission : .cannotCreate,
            "cannot make the directory \(path): \(String(cString: strerror(number))); make it, or change runtime_dir")
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
