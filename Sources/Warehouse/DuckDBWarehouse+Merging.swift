import EventModel

extension DuckDBWarehouse {
    /// Sorts in parts: ranges of visitors, each small enough for memory, go to files of their own, and these one after
    /// the other into the merged one. DuckDB's own sort of all of it needs many times the memory, and more time.
    package func merge(_ paths: [String], into path: String) throws(WarehouseError) -> EventFileFacts {
        guard !paths.isEmpty else { throw WarehouseError(.badStatement, "write \(path)", "there is no file to merge") }
        let connection = try writingDatabase.connect()
        let attempt = DuckDBConnection.attempt("merge", paths) + " into \(path)"
        try naming(paths, on: connection) { () throws(WarehouseError) in
            let size = try size(of: paths, on: connection)
            let ranges = try ranges(of: paths, size, on: connection)
            if ranges.count == 1 {
                let source = Self.sorted(paths, ranges[0])
                try copy(source, rowBytes: size.rowBytes, to: path, on: connection, attempting: attempt)
            } else {
                try mergeParts(ranges, of: paths, size, into: path, on: connection, attempting: attempt)
            }
        }
        return try facts(of: path)
    }

    private func mergeParts(
        _ ranges: [String], of paths: [String], _ size: Size, into path: String, on connection: DuckDBConnection,
        attempting attempt: String
    ) throws(WarehouseError) {
        guard !EventFile.exists(path) else { throw Self.exists(attempt) }
        let folder = settings.temporaryDirectory.map { $0 + "/merge-" + randomHex(16) } ?? path
        let parts = ranges.indices.map { "\(folder).part\($0)" }
        defer { for part in parts { EventFile.removeRemains(part) } }
        for (part, range) in zip(parts, ranges) {
            try copy(
                Self.sorted(paths, range), rowBytes: size.rowBytes, to: part, compression: "lz4_raw", on: connection,
                attempting: attempt)
        }
        let source = "(FROM \(DuckDBConnection.scan(parts)))"
        try copy(source, rowBytes: size.rowBytes, to: path, on: connection, attempting: attempt)
    }

    private static func sorted(_ paths: [String], _ range: String) -> String {
        "(FROM \(DuckDBConnection.scan(paths)) WHERE \(range) ORDER BY \(EventOrder.sql))"
    }

    /// What has to be merged.
    private struct Size {
        var rows = 0.0
        /// Before compression, as far as the footers know: texts that repeat are counted once.
        var bytes = 0.0

        var rowBytes: Int { Int(bytes / max(1, rows)) }
        /// Bytes in memory while they are sorted.
        var sortingBytes: Double { max(rows * 512, bytes * 3) }
    }

    private func size(of files: [String], on connection: DuckDBConnection) throws(WarehouseError) -> Size {
        var size = Size()
        for file in files {
            let result = try connection.query(
                """
                SELECT sum(row_group_num_rows) FILTER (column_id = 0), sum(total_uncompressed_size)
                FROM \(DuckDBConnection.scanFooter(file))
                """, attempting: "read \(file)")
            size.rows += result.rows.first?.first?.double ?? 0
            size.bytes += result.rows.first?.last?.double ?? 0
        }
        return size
    }

    /// Conditions that each row meets one of, in the order of a file: ranges of visitors, then the rows without one.
    private func ranges(
        of files: [String], _ size: Size, on connection: DuckDBConnection
    ) throws(WarehouseError) -> [String] {
        // Where nothing can be spilled, a part must leave room for the file that is written meanwhile.
        let share: Double = settings.temporaryDirectory == nil ? 8 : 4
        let budget = Double(settings.memoryLimitMiB) * 1_048_576 / share
        let count = Int((size.sortingBytes / budget).rounded(.up))
        guard count > 1 else { return ["true"] }
        let source = DuckDBConnection.scan(files)
        let sample = try connection.query(
            "SELECT user_id, \"timestamp\" FROM \(source) USING SAMPLE reservoir(\(count * 100) ROWS)",
            attempting: DuckDBConnection.attempt("sample", files)
        ).rows
        let users = sample.compactMap(\.first?.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let times = sample.filter { $0.first?.isNull == true }.compactMap { $0.last?.timestamp }.sorted()
        return Self.ranges(of: "user_id", from: users.map(DuckDBConnection.literal), every: 100)
            .map { "user_id IS NOT NULL AND \($0)" }
            + Self.ranges(of: "\"timestamp\"", from: times.map { "TIMESTAMP '\($0)'" }, every: 100)
            .map { "user_id IS NULL AND \($0)" }
    }

    /// Ranges of a column between each hundredth of the sorted values, which are SQL.
    static func ranges(of column: String, from values: [String], every step: Int) -> [String] {
        var bounds: [String] = []
        for index in stride(from: step, to: values.count, by: step) where bounds.last != values[index] {
            bounds.append(values[index])
        }
        guard let first = bounds.first, let last = bounds.last else { return ["true"] }
        return ["\(column) < \(first)"]
            + zip(bounds, bounds.dropFirst()).map { "\(column) >= \($0) AND \(column) < \($1)" }
            + ["\(column) >= \(last)"]
    }
}
