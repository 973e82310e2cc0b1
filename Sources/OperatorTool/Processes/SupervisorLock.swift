import EventModel
import Glibc

/// The lock that one supervisor of an installation holds: `runtime_dir/up.pid`, which holds its process id and, once
/// all its programs answer, the word `ready`. The kernel lets it go with the process, however that ends.
final class SupervisorLock {
    private var descriptor: Int32
    private let path: String
    private static let readyMark = "ready"

    static func path(in runtimeDirectory: String) -> String { runtimeDirectory + "/up.pid" }

    /// Throws `.tryAgain` where another supervisor runs here.
    init(runtimeDirectory: String) throws(ToolError) {
        path = Self.path(in: runtimeDirectory)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw ToolError(
                errno == EACCES ? .noPermission : .cannotCreate,
                "cannot write \(path): \(String(cString: strerror(errno))); check runtime_dir and who owns it")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(runtimeDirectory: runtimeDirectory).map { " (process \($0))" } ?? ""
            close(descriptor)
            throw ToolError(
                .tryAgain, "`millrace up` runs here already\(holder), by \(path); end it with `millrace down` first")
        }
    }

    deinit { letGo() }

    /// Somebody else may have it now.
    func letGo() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Writes this process's id into the file.
    func claim() {
        ftruncate(descriptor, 0)
        write("\(getpid())\n")
    }

    /// Says in the file that the programs of this process answer.
    func markReady() { write("\(getpid())\n\(Self.readyMark)\n") }

    /// Whether the supervisor of that process id has said that its programs answer.
    static func isReady(_ pid: pid_t, runtimeDirectory: String) -> Bool {
        let text = (try? TextFile.read(path(in: runtimeDirectory))) ?? ""
        return text == "\(pid)\n\(readyMark)\n"
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// Empties the file, so that nobody takes its number for a process.
    func release() { ftruncate(descriptor, 0) }

    /// The process that holds the lock now; nil where none does.
    static func holder(runtimeDirectory: String) -> pid_t? {
        let path = path(in: runtimeDirectory)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Asked for and given back at once: only to see whether somebody has it.
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
            flock(descriptor, LOCK_UN)
            return nil
        }
        guard let text = try? TextFile.read(path) else { return nil }
        return pid_t(text.prefix { $0.isNumber })
    }
}
