import EventModel

extension DuckDBConnection {
    /// Makes the view `events` of this connection from the files; without files it has the columns and no row.
    package func registerEvents(_ files: [String]) throws(WarehouseError) {
        if files.isEmpty { return try makeEventTable() }
        let attempt = Self.attempt("read", files)
        try execute("CREATE TEMP VIEW events AS FROM \(Self.scan(files))", attempting: attempt)
    }

    /// Makes an empty temporary table `events` with all columns.
    func makeEventTable() throws(WarehouseError) {
        try execute(Self.text(PackageResources.events_Table_sql), attempting: "make a table of events")
    }

    /// The table function that reads the files, in the order given.
    static func scan(_ files: [String]) -> String {
        "read_parquet([\(files.map { literal(escapingGlob(in: $0)) }.joined(separator: ", "))])"
    }

    /// The table function that reads what stands in the file about its row groups and columns.
    static func scanFooter(_ file: String) -> String { "parquet_metadata(\(literal(escapingGlob(in: file))))" }

    /// "read FILE" or "read FILE and 3 more files".
    static func attempt(_ verb: String, _ files: [String]) -> String {
        guard let first = files.first else { return "\(verb) no file" }
        return files.count == 1 ? "\(verb) \(first)" : "\(verb) \(first) and \(files.count - 1) more files"
    }

    static func text(_ resource: [UInt8]) -> String { String(decoding: resource, as: UTF8.self) }

    /// DuckDB takes `*`, `?` and `[` in a path for a pattern; in brackets they are themselves.
    private static func escapingGlob(in path: String) -> String {
        var result = ""
        for character in path.unicodeScalars {
            switch character {
            case "*", "?", "[": result += "[\(character)]"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
