import EventModel
import Glibc

/// A program that this process started.
struct ChildProcess: Sendable {
    enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(Int32)

        var sentence: String {
            switch self {
            case .exited(let code): "ended with exit code \(code)"
            case .killed(let signal): "was killed by signal \(signal)"
            }
        }

        var exitCode: ExitCode {
            if case .exited(let code) = self { ExitCode(rawValue: code) ?? .failed } else { .failed }
        }
    }

    /// `POSIX_SPAWN_SETSID` of glibc's <spawn.h>, which shows it to GNU programs alone.
    private static let setSession: Int16 = 0x80

    let pid: pid_t

    /// Starts a program with its standard output and error in the file `output`, which is emptied, and nothing to
    /// read.
    ///
    /// It gets a process group of its own (a session of its own with `newSession`), so that Ctrl-C reaches the parent
    /// alone, and no signal blocked.
    static func start(
        _ path: String, _ arguments: [String], environment: [String: String], output: String, newSession: Bool = false
    ) throws(ToolError) -> ChildProcess {
        var attributes = posix_spawnattr_t()
        var actions = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var ordinary = sigset_t()
        sigemptyset(&ordinary)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&ordinary, signal) }
        posix_spawnattr_setsigdefault(&attributes, &ordinary)
        posix_spawnattr_setpgroup(&attributes, 0)
        let session = newSession ? setSession : Int16(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(&attributes, session | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o640)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var pid = pid_t()
        let failure = withCStrings([path] + arguments) { words in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
                posix_spawn(&pid, path, &actions, &attributes, words, variables)
            }
        }
        guard failure == 0 else {
            throw ToolError(
                failure == ENOENT ? .notFound : .cannotCreate,
                "cannot start \(path): \(String(cString: strerror(failure))); build or install all programs")
        }
        return ChildProcess(pid: pid)
    }

    /// How it ended; nil while it runs.
    func end() -> End? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Waits for its end, at most so long; nil where it still runs.
    func waitForEnd(seconds: Double) -> End? {
        let limit = ContinuousClock.now + .seconds(seconds)
        while true {
            if let end = end() { return end }
            guard ContinuousClock.now < limit else { return nil }
            usleep(20_000)
        }
    }

    /// Asks it to end, and kills it where it has not after so long.
    @discardableResult
    func stop(seconds: Double) -> End? {
        send(SIGTERM)
        if let end = waitForEnd(seconds: seconds) { return end }
        send(SIGKILL)
        return waitForEnd(seconds: 5)
    }
}

/// Gives `body` the texts as C's array of strings, ended by null.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
        return body(start)
    }
}
