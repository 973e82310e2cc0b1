import CDuckDB
import Synchronization

/// A connection to DuckDB. Every call blocks until it is done: use it on one thread at a time, a thread that may
/// block. `interrupter` may be used from any thread.
package final class DuckDBConnection {
    private let database: DuckDBDatabase
    private let shared: SharedHandle
    /// Set by `lockDown`: only statements that read are let through.
    var readsOnly = false
    var handle: duckdb_connection { shared.handle }

    init(database: DuckDBDatabase, handle: duckdb_connection) {
        self.database = database
        shared = SharedHandle(database: database, handle: handle)
    }

    /// Ends the statement that runs, from any thread; keeps the connection alive as long as it lives itself.
    package struct Interrupter: Sendable {
        fileprivate let shared: SharedHandle

        /// The statement that runs fails with `.interrupted` within milliseconds; without one nothing happens.
        package func interrupt() {
            shared.wasInterrupted.store(true, ordering: .sequentiallyConsistent)
            duckdb_interrupt(shared.handle)
        }

        /// The same, and every later statement of the connection fails so, too.
        package func stop() {
            shared.isStopped.store(true, ordering: .sequentiallyConsistent)
            interrupt()
        }
    }

    package var interrupter: Interrupter { Interrupter(shared: shared) }

    private func requireRunning(_ attempt: String) throws(WarehouseError) {
        if shared.isStopped.load(ordering: .sequentiallyConsistent) {
            throw WarehouseError(.interrupted, attempt, "the work was asked to stop")
        }
    }

    /// Runs statements whose answer nobody needs. Several may stand in the text; their values are ours, never a user's.
    package func execute(_ sql: String, attempting attempt: String = "run a statement") throws(WarehouseError) {
        try requireRunning(attempt)
        var result = duckdb_result()
        defer { duckdb_destroy_result(&result) }
        guard duckdb_query(handle, sql, &result) != 0 else { return }
        throw error(of: &result, attempt)
    }

    /// All rows of one statement's answer. `parameters` are what it calls `$name`.
    @discardableResult
    package func query(
        _ sql: String, _ parameters: [String: Value] = [:], attempting attempt: String = "answer a query"
    ) throws(WarehouseError) -> QueryResult {
        var rows: [[Value]] = []
        let columns = try chunks(sql, parameters, streaming: false, attempting: attempt) { chunk in
            rows.reserveCapacity(rows.count + chunk.rowCount)
            for row in 0..<chunk.rowCount { rows.append(chunk.row(row)) }
            return true
        }
        return QueryResult(columns: columns, rows: rows)
    }

    /// Gives one row of the statement's answer after the other; memory stays flat. Ends early where `body` gives
    /// false. The answer's columns come first, also where there is no row.
    package func forEachRow(
        _ sql: String, _ parameters: [String: Value] = [:], attempting attempt: String = "answer a query",
        columns announce: ([QueryResult.Column]) -> Void = { _ in }, _ body: ([Value]) -> Bool
    ) throws(WarehouseError) {
        _ = try chunks(sql, parameters, streaming: true, attempting: attempt, announce: announce) { chunk in
            for row in 0..<chunk.rowCount {
                guard body(chunk.row(row)) else { return false }
            }
            return true
        }
    }

    /// Gives one chunk of the answer after the other, until `body` gives false.
    @discardableResult
    func chunks(
        _ sql: String, _ parameters: [String: Value] = [:], streaming: Bool, attempting attempt: String,
        announce: ([QueryResult.Column]) -> Void = { _ in }, _ body: (ResultChunk) -> Bool
    ) throws(WarehouseError) -> [QueryResult.Column] {
        try requireRunning(attempt)
        if readsOnly { try ReadingStatement.requireReading(sql, attempting: attempt) }
        let statement = try PreparedStatement(sql, on: self, attempting: attempt)
        if readsOnly { try statement.requireReading() }
        // The statement's last mention is not the end of its use: the answer may still be on its way.
        defer { withExtendedLifetime(statement) {} }
        try statement.bind(parameters)
        var result = duckdb_result()
        defer { duckdb_destroy_result(&result) }
        let state =
            streaming
            ? duckdb_execute_prepared_streaming(statement.handle, &result)
            : duckdb_execute_prepared(statement.handle, &result)
        guard state == 0 else { throw error(of: &result, attempt) }
        let (columns, types) = try Self.columns(of: &result, attempt)
        announce(columns)
        while let chunk = duckdb_fetch_chunk(result) {
            var owned: duckdb_data_chunk? = chunk
            defer { duckdb_destroy_data_chunk(&owned) }
            guard body(ResultChunk(chunk, types: types)) else { return columns }
        }
        // A streamed answer can fail on its way; then the chunks end early and the result holds the error.
        if streaming, let message = duckdb_result_error(&result), message.pointee != 0 {
            throw error(of: &result, attempt)
        }
        return columns
    }

    private static func columns(
        of result: inout duckdb_result, _ attempt: String
    ) throws(WarehouseError) -> ([QueryResult.Column], [ColumnType]) {
        var columns: [QueryResult.Column] = []
        var types: [ColumnType] = []
        for index in 0..<duckdb_column_count(&result) {
            let name = duckdb_column_name(&result, index).map { String(cString: $0) } ?? ""
            guard let type = ColumnType(consuming: duckdb_column_logical_type(&result, index)) else {
                throw WarehouseError(
                    .badStatement, attempt, "column \(name) has a type that cannot be shown; cast it to VARCHAR")
            }
            columns.append(QueryResult.Column(name: name, type: type.name))
            types.append(type)
        }
        return (columns, types)
    }

    /// Where one thread of a streamed answer fails, DuckDB stops the others, and may give their "interrupted" for the
    /// reason. That nobody interrupted tells the two apart.
    private func error(of result: inout duckdb_result, _ attempt: String) -> WarehouseError {
        let message = duckdb_result_error(&result).map { String(cString: $0) } ?? ""
        let error = WarehouseError(
            duckdbType: duckdb_result_error_type(&result), message: message, attempted: attempt)
        guard error.code == .interrupted, !shared.wasInterrupted.load(ordering: .sequentiallyConsistent) else {
            return error
        }
        return WarehouseError(
            .badStatement, attempt, "a value on its way could not be computed; a LIMIT or WHERE narrows down which")
    }
}

/// The connection's handle, which both the connection and its interrupters keep alive.
private final class SharedHandle: @unchecked Sendable {
    // `handle` is constant; interrupting is the only thing done with it from other threads, and DuckDB allows that.
    let handle: duckdb_connection
    let isStopped = Atomic(false)
    let wasInterrupted = Atomic(false)
    private let database: DuckDBDatabase

    init(database: DuckDBDatabase, handle: duckdb_connection) {
        self.database = database
        self.handle = handle
    }

    deinit {
        var connection: duckdb_connection? = handle
        duckdb_disconnect(&connection)
    }
}

/// One chunk of an answer: up to some thousand rows. Valid only inside the call that gives it.
struct ResultChunk {
    let rowCount: Int
    let readers: [VectorReader]

    init(_ chunk: duckdb_data_chunk, types: [ColumnType]) {
        rowCount = Int(duckdb_data_chunk_get_size(chunk))
        readers = types.enumerated().map {
            VectorReader(duckdb_data_chunk_get_vector(chunk, idx_t($0.offset)), type: $0.element)
        }
    }

    func row(_ row: Int) -> [Value] { readers.map { $0.value(at: row) } }
}
