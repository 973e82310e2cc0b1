import Glibc

/// The right to load into a data_dir: one process has it at a time, and loses it when it ends, however that is.
final class LoaderLock {
    private let descriptor: Int32

    /// Takes the lock on the file at `path`, which is made where it is missing and stays. Throws `.locked` where
    /// another process has it.
    init(path: String) throws(LoadError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw Self.failure("cannot open the lock \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error =
                errno == EWOULDBLOCK
                ? LoadError(.locked, "another loader holds \(path); end it, or leave the work to it")
                : Self.failure("cannot lock \(path)")
            close(descriptor)
            throw error
        }
    }

    /// Unlocks before it closes: a process that is just being started holds a copy of the descriptor until it runs.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func failure(_ what: String) -> LoadError {
        .system(what, remedy: "check that data_dir exists and is ours")
    }
}
