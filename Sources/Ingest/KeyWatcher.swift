import EventModel
import FoundationEssentials
import Logging

/// Reads `snapshot/projects.json` again whenever it was replaced; keeps what it has where the new one cannot be read.
struct KeyWatcher {
    let path: String
    private var eventsPerMinutePerKey: Int
    private var eventsPerMinutePerAddress: Int
    let logger: Logger
    private var last: FileIdentity?
    private var isFirst = true

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
        let identity = FileIdentity(path)
        defer {
            last = identity
            isFirst = false
        }
        guard let identity else {
            if last != nil || isFirst {
                logger.warning(
                    "no project is known: the snapshot is missing; `millrace project create` writes it",
                    metadata: ["path": "\(path)"])
            }
            return nil
        }
        guard identity != last else { return nil }
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            let snapshot = try JSONDecoder().decode(ProjectSnapshot.self, from: data)
            logger.info(
                "keys read", metadata: ["projects": "\(snapshot.projects.count)", "version": "\(snapshot.version)"])
            return KeyDirectory(
                snapshot, eventsPerMinutePerKey: eventsPerMinutePerKey,
                eventsPerMinutePerAddress: eventsPerMinutePerAddress)
        } catch {
            logger.error(
                "the snapshot of projects cannot be read; the keys known before stay in use",
                metadata: ["path": "\(path)", "reason": "\(type(of: error))"])
            return nil
        }
    }
}
