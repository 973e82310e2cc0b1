import EventModel

extension DuckDBWarehouse {
    package func write(_ rows: [StoredEvent], to path: String) throws(WarehouseError) -> EventFileFacts {
        guard let first = rows.first else { throw WarehouseError(.badStatement, "write \(path)", "there is no event") }
        let connection = try database.connect()
        let attempt = "write \(rows.count) events to \(path)"
        try connection.makeEventTable()
        let appender = try ChunkAppender(
            table: "events", types: EventTableWriter.types, on: connection, attempting: attempt)
        // Sorting here, and not in DuckDB, halves the peak of memory.
        let failure = rows.withUnsafeBufferPointer { rows -> WarehouseError? in
            let order = EventOrder.sorted(rows)
            do throws(WarehouseError) {
                for start in stride(from: 0, to: order.count, by: ChunkAppender.capacity) {
                    let part = order[start..<min(start + ChunkAppender.capacity, order.count)]
                    try appender.append(rowCount: part.count) { chunk in
                        EventTableWriter(rows, order: part, chunk: chunk).fill()
                    }
                }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        try appender.finish()
        try copy("events", to: path, on: connection, attempting: attempt)
        var facts = EventFileFacts(first)
        for row in rows.dropFirst() { facts.include(row) }
        facts.bytes = try EventFile.size(of: path)
        return facts
    }

    package func merge(_ paths: [String], into path: String) throws(WarehouseError) -> EventFileFacts {
        guard !paths.isEmpty else { throw WarehouseError(.badStatement, "write \(path)", "there is no file to merge") }
        let connection = try database.connect()
        let source = "(FROM \(DuckDBConnection.scan(paths)) ORDER BY \(EventOrder.sql))"
        let attempt = DuckDBConnection.attempt("merge", paths) + " into \(path)"
        try naming(paths, on: connection) { () throws(WarehouseError) in
            try copy(source, to: path, on: connection, attempting: attempt)
        }
        return try facts(of: path)
    }

    /// Writes a table or a query to a new file and puts it on the disk; what a failure leaves is removed.
    private func copy(
        _ source: String, to path: String, on connection: DuckDBConnection, attempting attempt: String
    ) throws(WarehouseError) {
        guard !EventFile.exists(path) else {
            throw WarehouseError(.inputOutput, attempt, "the file is there already; each version needs a new name")
        }
        try EventFile.makeDirectory(of: path)
        do throws(WarehouseError) {
            try connection.execute(
                """
                COPY \(source) TO \(DuckDBConnection.literal(path))
                (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE \(Self.rowGroupSize))
                """, attempting: attempt)
            try EventFile.settle(path)
        } catch {
            EventFile.removeRemains(path)
            throw error
        }
    }
}

extension EventFileFacts {
    fileprivate init(_ row: StoredEvent) {
        self.init(
            rows: 1, bytes: 0, firstSequence: row.sequence, lastSequence: row.sequence,
            minTimestamp: row.event.timestamp, maxTimestamp: row.event.timestamp,
            minReceivedAt: row.event.receivedAt, maxReceivedAt: row.event.receivedAt)
    }

    fileprivate mutating func include(_ row: borrowing StoredEvent) {
        rows += 1
        firstSequence = min(firstSequence, row.sequence)
        lastSequence = max(lastSequence, row.sequence)
        minTimestamp = min(minTimestamp, row.event.timestamp)
        maxTimestamp = max(maxTimestamp, row.event.timestamp)
        minReceivedAt = min(minReceivedAt, row.event.receivedAt)
        maxReceivedAt = max(maxReceivedAt, row.event.receivedAt)
    }
}
