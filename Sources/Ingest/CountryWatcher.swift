import Logging

/// Opens the file of countries again whenever it was replaced; keeps what it has where the new one cannot be opened.
struct CountryWatcher {
    private let path: String?
    private let logger: Logger
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
        last = FileIdentity(path)
        return try open(path)
    }

    /// The database where the file is new since the last call and can be opened, else nil.
    mutating func changed() -> CountryDatabase? {
        guard let path else { return nil }
        let identity = FileIdentity(path)
        guard identity != last else { return nil }
        last = identity
        do throws(IngestError) {
            let database = try open(path)
            problem = nil
            return database
        } catch {
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
        let database = try CountryDatabase(path: path)
        logger.info("countries read", metadata: ["path": "\(path)", "kind": "\(database.kind)"])
        return database
    }
}
