import EventModel

/// Where events are kept and asked: the same calls on every engine.
///
/// All calls block: they belong on a thread of their own, never on the cooperative pool. A file is written once and
/// never changed; one that fails half-way is removed.
package protocol EventWarehouse: Sendable {
    /// Writes one file, sorted by (user_id, timestamp, sequence), and syncs it and its directory. The directory is
    /// made where it is missing. `path` must not exist.
    func write(_ rows: [StoredEvent], to path: String) throws(WarehouseError) -> EventFileFacts

    /// Writes the rows of all files into one, in the same order and with the same promises as `write`.
    func merge(_ paths: [String], into path: String) throws(WarehouseError) -> EventFileFacts

    /// Those of the ids that stand in one of the files. Exact; reads only the column of ids.
    func existing(ids: [EventID], in paths: [String]) throws(WarehouseError) -> Set<EventID>

    /// Gives all ids of the files, some thousands at a time, in no order; memory stays flat.
    func ids(in paths: [String], _ body: ([EventID]) -> Void) throws(WarehouseError)

    /// What the catalogue keeps of a file, read from it.
    func facts(of path: String) throws(WarehouseError) -> EventFileFacts

    /// The answer to one statement, which sees the files' rows as the view `events`. `parameters` are what the
    /// statement calls `$name`.
    func query(_ sql: String, parameters: [String: Value], files: [String]) throws(WarehouseError) -> QueryResult
}

extension EventWarehouse {
    /// The answer to a statement without parameters.
    package func query(_ sql: String, files: [String]) throws(WarehouseError) -> QueryResult {
        try query(sql, parameters: [:], files: files)
    }
}
