import EventModel

/// A column of a table that is made from Swift's rows.
package struct TableColumn: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case text = "VARCHAR"
        case integer = "BIGINT"
        case double = "DOUBLE"
        case boolean = "BOOLEAN"
        case timestamp = "TIMESTAMP"
    }

    package let name: String
    package let kind: Kind

    package init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

extension DuckDBConnection {
    /// Makes a temporary table of this connection and fills it. A row has one value a column; a value that isn't of
    /// its column's kind (integers count as doubles, too) becomes null.
    package func createTable(
        _ name: String, columns: [TableColumn], rows: some Sequence<[Value]>
    ) throws {
        try createTable(name, columns: columns) { append in for row in rows { try append(row) } }
    }

    /// The same from rows that `fill` gives one after the other: no more of them than a chunk holds are in memory.
    package func createTable(
        _ name: String, columns: [TableColumn], fill: (_ append: ([Value]) throws -> Void) throws -> Void
    ) throws {
        let attempt = "make the table \(name)"
        let definitions = columns.map { "\(Self.identifier($0.name)) \($0.kind.rawValue)" }.joined(separator: ", ")
        try execute("CREATE TEMP TABLE \(Self.identifier(name)) (\(definitions))", attempting: attempt)
        let appender = try ChunkAppender(
            table: name, types: columns.map { $0.kind.logicalType }, on: self, attempting: attempt)
        var pending: [[Value]] = []
        pending.reserveCapacity(ChunkAppender.capacity)
        try fill { row in
            pending.append(row)
            if pending.count == ChunkAppender.capacity {
                try Self.append(pending, columns, to: appender)
                pending.removeAll(keepingCapacity: true)
            }
        }
        if !pending.isEmpty { try Self.append(pending, columns, to: appender) }
        try appender.finish()
    }

    private static func append(
        _ rows: [[Value]], _ columns: [TableColumn], to appender: ChunkAppender
    ) throws(WarehouseError) {
        try appender.append(rowCount: rows.count) { chunk in
            for (index, column) in columns.enumerated() {
                var writer = chunk.column(index)
                for (row, values) in rows.enumerated() {
                    let value = index < values.count ? values[index] : .null
                    switch (column.kind, value) {
                    case (.text, .null): writer.putNull(at: row)
                    case (.text, let value): writer.put(value.description, at: row)
                    case (.integer, .integer(let value)): writer.put(value, at: row)
                    case (.integer, .boolean(let value)): writer.put(Int64(value ? 1 : 0), at: row)
                    case (.boolean, .boolean(let value)): writer.put(value, at: row)
                    case (.boolean, .integer(let value)): writer.put(value != 0, at: row)
                    case (.timestamp, .timestamp(let microseconds)): writer.put(microseconds, at: row)
                    case (.double, let value):
                        if let number = value.double { writer.put(number, at: row) } else { writer.putNull(at: row) }
                    default: writer.putNull(at: row)
                    }
                }
            }
        }
    }

    /// The name as SQL takes any name: in quotation marks.
    package static func identifier(_ name: String) -> String { "\"\(doubling("\"", in: name))\"" }

    /// The text as SQL takes any text.
    package static func literal(_ text: String) -> String { "'\(doubling("'", in: text))'" }

    private static func doubling(_ mark: Character, in text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            result.unicodeScalars.append(character)
            if Character(character) == mark { result.unicodeScalars.append(character) }
        }
        return result
    }
}

extension TableColumn.Kind {
    fileprivate var logicalType: LogicalType {
        switch self {
        case .text: .plain(.varchar)
        case .integer: .plain(.bigint)
        case .double: .plain(.double)
        case .boolean: .plain(.boolean)
        case .timestamp: .plain(.timestamp)
        }
    }
}
