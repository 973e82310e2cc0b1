import EventModel
import Glibc

/// The directories that the daemon needs beside its log. An installation has made them with their owners; a trial run
/// has not.
enum RuntimeDirectories {
    /// Makes those that are missing, one level each.
    static func prepare(_ options: IngestOptions) throws(IngestError) {
        for (path, mode) in [(parent(of: options.secretDirectory), mode_t(0o755)), (parent(of: options.statusFile), 0o770)] {
            try make(path, mode)
            guard access(path, W_OK | X_OK) == 0 || path == parent(of: options.secretDirectory) else {
                throw IngestError(.noPermission, "this user cannot write the directory \(path); change its owner or mode")
            }
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
