import ControlStore
import EventModel
import Warehouse

/// What a statement of the operator's can see: all events' files and a copy of the control database's tables, taken
/// in one transaction, without secrets.
struct QuerySchema {
    /// A table of more rows cannot be queried here.
    static let maximumRows = 5_000_000

    private let tool: Tool
    private let database: DuckDBDatabase

    init(_ tool: Tool) throws {
        self.tool = tool
        let settings = tool.configuration.warehouse
        let library = try DuckDBLibrary.locate(configured: settings.duckdbLibrary)
        database = try DuckDBDatabase(
            DuckDBSettings(memoryLimitMiB: settings.memoryLimitMiB, threads: settings.threads), library: library)
    }

    /// A connection that sees everything and can change nothing.
    func connect() throws -> DuckDBConnection {
        let connection = try database.connect()
        let store = try tool.store()
        let files = try store.read { transaction in
            let files = try transaction.currentEventPaths().map { tool.configuration.dataDirectory + "/" + $0 }
            try connection.registerEvents(files)
            for table in try transaction.storedTables() { try copy(table, from: transaction, to: connection) }
            return files
        }
        try connection.lockDown(files: files)
        return connection
    }

    private func copy(
        _ table: StoredTable, from transaction: StoreTransaction, to connection: DuckDBConnection
    ) throws {
        let count = try transaction.count(of: table.name)
        // A table too large to copy is left out; a statement that names it is told so by DuckDB.
        guard count <= Self.maximumRows else {
            tool.console.note(
                "millrace: \(table.name) has \(Display.number(count)) rows and is left out; "
                    + "at most \(Display.number(Self.maximumRows)) can be queried here")
            return
        }
        let columns = table.columns.map { TableColumn($0.name, $0.tableKind) }
        guard !columns.isEmpty else { return }
        try connection.createTable(table.name, columns: columns) { append in
            try transaction.forEachRow(of: table) { row in
                try append(zip(table.columns, row).map { $0.value(of: $1) })
                return true
            }
        }
    }
}

extension StoredTable.Column {
    fileprivate var tableKind: TableColumn.Kind {
        if isTime { return .timestamp }
        return switch kind {
        case .text: .text
        case .integer: .integer
        case .real: .double
        }
    }

    fileprivate func value(of stored: StoredValue) -> Value {
        switch stored {
        case .null: .null
        case .integer(let number): .integer(number)
        case .real(let number): .double(number)
        case .text(let text): isTime ? Timestamp(text).map(Value.timestamp) ?? .null : .text(text)
        }
    }
}
