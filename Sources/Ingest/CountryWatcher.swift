import Logging

/// Opens the file of countries again whenever it was replaced; keeps what it has where the new one is bad, and tries
/// again where it cannot be opened.
struct CountryWatcher {
    private let path: String?
    private let logger: Logger
    /// How the file is opened.
    var database: @Sendable (String) throws(IngestError) -> CountryDatabase = { (path) throws(IngestError) in
        try CountryDatabase(path: path)
    }
    /// The file that was read last, good or bad.
    private var last: FileIdentity?
    /// Why the file that is there now is not the one in use.
    private(set) var problem: String?

    init(path: String?, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// The file as it is at the start, nil where none is configured. One that cannot be opened is an error then.
    mutating func first() throws(IngestError) -> CountryDatabase? {
        guard let path else { return nil }
        let identity = FileIdentity(path)
        let database = try open(path)
        last = identity
        return database
    }

    /// The database where the file is new since the last call and can be opened, else nil.
    mutating func changed() -> CountryDatabase? {
        guard let path else { return nil }
        let identity = FileIdentity(path)
        guard identity != last else { return nil }
        do throws(IngestError) {
            let database = try open(path)
            last = identity
            problem = nil
            return database
        } catch {
            if error.code == .badDatabase { last = identity }
            if problem != error.description {
                logger.error(
                    "the file of countries cannot be opened; the one opened before stays in use",
                    metadata: ["reason": "\(error)"])
            }
            problem = error.description
            return nil
        }
    }

    private func open(_ path: String) throws(IngestError) -> CountryDatabase {
        let opened = try database(path)
        logger.info("countries read", metadata: ["path": "\(path)", "kind": "\(opened.kind)"])
        return opened
    }
}
