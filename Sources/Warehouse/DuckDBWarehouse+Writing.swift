import EventModel

extension DuckDBWarehouse {
    package func write(_ rows: [StoredEvent], to path: String) throws(WarehouseError) -> EventFileFacts {
        guard let first = rows.first else { throw WarehouseError(.badStatement, "write \(path)", "there is no event") }
        let connection = try writingDatabase.connect()
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
        try copy("events", rowBytes: StoredEvent.averageBytes(rows), to: path, on: connection, attempting: attempt)
        var facts = EventFileFacts(first)
        for row in rows.dropFirst() { facts.include(row) }
        facts.bytes = try EventFile.size(of: path)
        return facts
    }

    static func exists(_ attempt: String) -> WarehouseError {
        WarehouseError(.inputOutput, attempt, "the file is there already; each version needs a new name")
    }

    /// Rows of a row group: fewer where rows are so long that the buffers of one would take too much memory.
    static func rowGroupSize(rowBytes: Int) -> Int {
        let fitting = rowGroupBytes / max(1, rowBytes)
        return min(rowGroupSize, max(2_048, fitting / 2_048 * 2_048))
    }

    /// Writes a table or a query to a new file and puts it on the disk; what a failure leaves is removed.
    func copy(
        _ source: String, rowBytes: Int, to path: String, compression: String = "zstd", on connection: DuckDBConnection,
        attempting attempt: String
    ) throws(WarehouseError) {
        guard !EventFile.exists(path) else { throw Self.exists(attempt) }
        try EventFile.makeDirectory(of: path)
        do throws(WarehouseError) {
            try connection.execute(
                """
                COPY \(source) TO \(DuckDBConnection.literal(path))
                (FORMAT parquet, COMPRESSION \(compression), ROW_GROUP_SIZE \(Self.rowGroupSize(rowBytes: rowBytes)))
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
