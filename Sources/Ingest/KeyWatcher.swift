import EventModel
import FoundationEssentials
import Logging

/// Reads `snapshot/projects.json` again whenever it was replaced; keeps what it has where the new one is bad, and tries
/// again where it cannot be read.
struct KeyWatcher {
    let path: String
    private var eventsPerMinutePerKey: Int
    private var eventsPerMinutePerAddress: Int
    let logger: Logger
    /// How the file is read.
    var read: @Sendable (String) throws -> Data = { try Data(contentsOf: URL(filePath: $0)) }
    /// The file that was read last, good or bad.
    private var last: FileIdentity?
    /// The file of which a problem was told.
    private var troubled: FileIdentity?
    private var isFirst = true
    /// Why the file that is there now is not the one in use.
    private(set) var problem: String?

    init(_ options: IngestOptions, logger: Logger) {
        path = options.snapshotFile
        eventsPerMinutePerKey = options.eventsPerMinutePerKey
        eventsPerMinutePerAddress = options.eventsPerMinutePerAddress
        self.logger = logger
    }

    /// Has the file read again, with these rates for projects that name none.
    mutating func reload(eventsPerMinutePerKey: Int, eventsPerMinutePerAddress: Int) {
        self.eventsPerMinutePerKey = eventsPerMinutePerKey
        self.eventsPerMinutePerAddress = eventsPerMinutePerAddress
        last = nil
    }

    /// The keys where the file is new since the last call and can be read, else nil.
    mutating func changed() -> KeyDirectory? {
        defer { isFirst = false }
        guard let identity = FileIdentity(path) else {
            if last != nil || isFirst {
                logger.warning(
                    "no project is known: the snapshot is missing; `millrace project create` writes it",
                    metadata: ["path": "\(path)"])
            }
            last = nil
            return nil
        }
        guard identity != last else { return nil }
        do {
            let data = try read(path)
            last = identity
            let snapshot = try JSONDecoder().decode(ProjectSnapshot.self, from: data)
            logger.info(
                "keys read", metadata: ["projects": "\(snapshot.projects.count)", "version": "\(snapshot.version)"])
            problem = nil
            troubled = nil
            return KeyDirectory(
                snapshot, eventsPerMinutePerKey: eventsPerMinutePerKey,
                eventsPerMinutePerAddress: eventsPerMinutePerAddress)
        } catch {
            let text = "the snapshot of projects cannot be read; the keys known before stay in use"
            let reason = "\(type(of: error))"
            if troubled != identity {
                logger.error("\(text)", metadata: ["path": "\(path)", "reason": "\(reason)"])
            }
            troubled = identity
            problem = "\(text) (\(path): \(reason))"
            return nil
        }
    }
}
