import EventModel
import GRDB

/// A table or view of the control database as the operator's queries see it: without what nobody may read.
package struct StoredTable: Sendable, Equatable {
    /// How SQLite keeps a column's values.
    package enum ColumnKind: Sendable, Equatable { case text, integer, real }

    package struct Column: Sendable, Equatable {
        package let name: String
        package let kind: ColumnKind
        /// Text that is a time: `2025-01-01T12:00:00.123Z`.
        package let isTime: Bool
    }

    package let name: String
    package let columns: [Column]

    /// Hashes of keys and passwords, and whatever else opens a door.
    private static let secretColumns: Set<String> = ["hash", "password_hash", "token_hash", "secret"]
    private static let innerTables = ["sqlite_", "grdb_", "job_fence", "snapshot_version"]

    static func isShown(table name: String) -> Bool { !innerTables.contains { name.hasPrefix($0) } }

    static func isShown(column: String) -> Bool { !secretColumns.contains(column) }
}

/// One value of a row, as SQLite keeps it.
package enum StoredValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)

    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .real(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .text(hexText(data))
        }
    }
}

extension StoreTransaction {
    /// Every table and view that queries may see, by name.
    package func storedTables() throws -> [StoredTable] {
        let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name"
        let names = try String.fetchAll(database, sql: sql).filter { StoredTable.isShown(table: $0) }
        return try names.map { try storedTable($0) }
    }

    private func storedTable(_ name: String) throws -> StoredTable {
        let rows = try Row.fetchAll(
            database, sql: "SELECT name, type FROM pragma_table_info(:name)", arguments: ["name": name])
        let columns = rows.compactMap { row -> StoredTable.Column? in
            let column: String = row["name"]
            guard StoredTable.isShown(column: column) else { return nil }
            let kind: StoredTable.ColumnKind =
                switch (row["type"] as String? ?? "").uppercased() {
                case "INTEGER", "INT": .integer
                case "REAL": .real
                default: .text
                }
            let isTime = kind == .text && (column.hasSuffix("_at") || ["start_date", "end_date"].contains(column))
            return StoredTable.Column(name: column, kind: kind, isTime: isTime)
        }
        return StoredTable(name: name, columns: columns)
    }

    /// Gives `body` the table's rows, in no order, each with a value per column, until it gives false.
    package func forEachRow(of table: StoredTable, _ body: ([StoredValue]) throws -> Bool) throws {
        let names = table.columns.map { $0.name.quotedDatabaseIdentifier }.joined(separator: ", ")
        let cursor = try Row.fetchCursor(database, sql: "SELECT \(names) FROM \(table.name.quotedDatabaseIdentifier)")
        while let row = try cursor.next() {
            guard try body(row.databaseValues.map(StoredValue.init)) else { return }
        }
    }

    /// The rows of a table one of whose columns has a value, each as its columns' names and values.
    package func storedRows(
        of tableName: String, where column: String, is value: String
    ) throws -> [[(name: String, value: StoredValue)]] {
        let table = try storedTable(tableName)
        let names = table.columns.map { $0.name.quotedDatabaseIdentifier }.joined(separator: ", ")
        let place = "\(tableName.quotedDatabaseIdentifier) WHERE \(column.quotedDatabaseIdentifier) = :value"
        return try Row.fetchAll(database, sql: "SELECT \(names) FROM \(place)", arguments: ["value": value])
            .map { row in zip(table.columns, row.databaseValues).map { ($0.name, StoredValue($1)) } }
    }

    /// Paths of all current Parquet files of all projects, relative to data_dir, oldest day first.
    package func currentEventPaths() throws -> [String] {
        let sql = "SELECT path FROM event_files WHERE replaced_at IS NULL ORDER BY date, file_id"
        return try String.fetchAll(database, sql: sql)
    }

    /// How many rows a table has.
    package func count(of tableName: String) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM \(tableName.quotedDatabaseIdentifier)") ?? 0
    }
}

extension StoreTransaction {
    /// How many Parquet files are current, and their bytes.
    package func currentEventFiles() throws -> (count: Int, bytes: Int64) {
        let sql = "SELECT count(*), coalesce(sum(bytes), 0) FROM event_files WHERE replaced_at IS NULL"
        guard let row = try Row.fetchOne(database, sql: sql) else { return (0, 0) }
        return (row[0], row[1])
    }
}
