import EventModel

/// Events in Parquet files, read and written by DuckDB in this process.
///
/// Calls block and may come from several threads at once; the memory limit holds for all that read together, and once
/// more for all that write. Wrap them in
/// `BlockingThread.run` where the caller is asynchronous.
package final class DuckDBWarehouse: EventWarehouse {
    /// For reading, with the threads of the settings.
    package let database: DuckDBDatabase
    /// For writing, with one thread: a second one takes twice the memory and gains little. It has a memory limit of
    /// its own, of the same size.
    let writingDatabase: DuckDBDatabase
    let settings: DuckDBSettings
    /// Rows in a row group: what reads and compresses best, measured.
    static let rowGroupSize = 122_880
    /// Bytes of a row group before compression, where rows are long.
    static let rowGroupBytes = 96 * 1_024 * 1_024

    package init(_ settings: DuckDBSettings = DuckDBSettings(), library: DuckDBLibrary) throws(WarehouseError) {
        self.settings = settings
        database = try DuckDBDatabase(settings, library: library)
        var writing = settings
        writing.threads = 1
        writingDatabase = try DuckDBDatabase(writing, library: library)
    }

    package func query(
        _ sql: String, parameters: [String: Value], files: [String]
    ) throws(WarehouseError) -> QueryResult {
        let connection = try database.connect()
        return try naming(files, on: connection) { () throws(WarehouseError) in
            try connection.registerEvents(files)
            return try connection.query(sql, parameters)
        }
    }

    package func facts(of path: String) throws(WarehouseError) -> EventFileFacts {
        let connection = try database.connect()
        let attempt = "read \(path)"
        let result = try naming([path], on: connection) { () throws(WarehouseError) in
            try connection.registerEvents([path])
            return try connection.query(
                DuckDBConnection.text(PackageResources.events_Facts_sql), attempting: attempt)
        }
        guard let row = result.rows.first, row.count == 7, let count = row[0].integer, count > 0,
            let first = row[1].integer, let last = row[2].integer, let minTimestamp = row[3].timestamp,
            let maxTimestamp = row[4].timestamp, let minReceivedAt = row[5].timestamp,
            let maxReceivedAt = row[6].timestamp
        else { throw WarehouseError(.damagedFile, attempt, "it holds no event") }
        return EventFileFacts(
            rows: Int(count), bytes: try EventFile.size(of: path), firstSequence: UInt64(bitPattern: first),
            lastSequence: UInt64(bitPattern: last), minTimestamp: minTimestamp, maxTimestamp: maxTimestamp,
            minReceivedAt: minReceivedAt, maxReceivedAt: maxReceivedAt)
    }

    package func ids(in paths: [String], _ body: ([EventID]) -> Void) throws(WarehouseError) {
        guard !paths.isEmpty else { return }
        let connection = try database.connect()
        try naming(paths, on: connection) { () throws(WarehouseError) in
            try connection.chunks(
                "SELECT id FROM \(DuckDBConnection.scan(paths))", streaming: true,
                attempting: DuckDBConnection.attempt("read the ids of", paths)
            ) { chunk in
                body((0..<chunk.rowCount).map { chunk.readers[0].uuid(at: $0) })
                return true
            }
        }
    }

    package func existing(ids: [EventID], in paths: [String]) throws(WarehouseError) -> Set<EventID> {
        guard !ids.isEmpty, !paths.isEmpty else { return [] }
        let connection = try database.connect()
        let attempt = DuckDBConnection.attempt("look ids up in", paths)
        try connection.execute("CREATE TEMP TABLE wanted (id UUID)", attempting: attempt)
        let appender = try ChunkAppender(
            table: "wanted", types: [.plain(.uuid)], on: connection, attempting: attempt)
        for start in stride(from: 0, to: ids.count, by: ChunkAppender.capacity) {
            let part = ids[start..<min(start + ChunkAppender.capacity, ids.count)]
            try appender.append(rowCount: part.count) { chunk in
                let column = chunk.column(0)
                for (row, id) in part.enumerated() { column.put(id, at: row) }
            }
        }
        try appender.finish()
        var found: Set<EventID> = []
        try naming(paths, on: connection) { () throws(WarehouseError) in
            try connection.chunks(
                "SELECT id FROM \(DuckDBConnection.scan(paths)) SEMI JOIN wanted USING (id)", streaming: false,
                attempting: attempt
            ) { chunk in
                for row in 0..<chunk.rowCount { found.insert(chunk.readers[0].uuid(at: row)) }
                return true
            }
        }
        return found
    }

    /// Runs `body`; where it fails because a file is damaged or gone, finds out which one and names it.
    @discardableResult
    func naming<T>(
        _ files: [String], on connection: DuckDBConnection, _ body: () throws(WarehouseError) -> T
    ) throws(WarehouseError) -> T {
        do {
            return try body()
        } catch {
            guard [.damagedFile, .missingFile, .engine].contains(error.code) else { throw error }
            if files.contains(where: { error.underlying.contains($0) }) { throw error }
            throw firstFault(in: files, on: connection) ?? error
        }
    }

    /// Reads every file, first only its footer, then all of it: slow, and done only after a failure.
    private func firstFault(in files: [String], on connection: DuckDBConnection) -> WarehouseError? {
        for probe in [DuckDBConnection.scanFooter, { DuckDBConnection.scan([$0]) }] {
            for file in files {
                do throws(WarehouseError) {
                    try connection.chunks("FROM \(probe(file))", streaming: true, attempting: "") { _ in true }
                } catch {
                    let code = error.code == .missingFile ? error.code : .damagedFile
                    return WarehouseError(code, "read \(file)", error.underlying)
                }
            }
        }
        return nil
    }
}
