import ControlStore
import EventModel
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps `status/millrace-api.json`: what `millrace status` shows of this program.
///
/// Nothing is written before the server listens: a second one that finds the port occupied leaves the first one's file.
final class StatusReport: Service {
    static let interval = Duration.seconds(5)

    private struct Content: Encodable {
        let program = "millrace-api"
        let pid = getpid()
        /// Nil until the server listens.
        var state: String?
        let version: String
        let startedAt: String
        var updatedAt: String
        var listen: String?

        enum CodingKeys: String, CodingKey {
            case program, pid, state, version
            case startedAt = "started_at"
            case updatedAt = "updated_at"
            case listen
        }
    }

    private let path: String
    private let clock: Clock
    private let logger: Logger
    private let content: Mutex<Content>

    init(directory: String, version: String, clock: Clock, logger: Logger) {
        path = directory + "/millrace-api.json"
        self.clock = clock
        self.logger = logger
        let now = clock.now().description
        content = Mutex(Content(state: nil, version: version, startedAt: now, updatedAt: now))
    }

    /// The server listens, on this address.
    func listening(on address: String) {
        content.withLock {
            $0.state = "running"
            $0.listen = address
        }
        write()
    }

    func run() async throws {
        // Ends with the first sleep that the shutdown cancels.
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { self.write() }
        }
        content.withLock { if $0.state != nil { $0.state = "stopped" } }
        write()
    }

    /// A few hundred bytes on a memory file system. What cannot be written is said and is no reason to stop serving.
    private func write() {
        let content = content.withLock { content in
            content.updatedAt = clock.now().description
            return content
        }
        guard content.state != nil else { return }
        do {
            try AtomicFile.makeDirectory(of: path)
            let bytes = Array(try JSONText.encode(content).utf8)
            try AtomicFile.replace(path, with: bytes, mode: 0o640, isDurable: false)
        } catch {
            logger.warning("cannot write the status file", metadata: ["path": "\(path)", "reason": "\(error)"])
        }
    }
}
