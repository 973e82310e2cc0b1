import CDuckDB

/// One statement, parsed and bound.
final class PreparedStatement {
    let handle: duckdb_prepared_statement
    private let sql: String
    private let attempt: String

    init(_ sql: String, on connection: DuckDBConnection, attempting attempt: String) throws(WarehouseError) {
        var statement: duckdb_prepared_statement?
        let state = duckdb_prepare(connection.handle, sql, &statement)
        guard state == 0, let statement else {
            let message = statement.flatMap { duckdb_prepare_error($0) }.map { String(cString: $0) } ?? ""
            duckdb_destroy_prepare(&statement)
            throw Self.error(message, attempt)
        }
        handle = statement
        self.sql = sql
        self.attempt = attempt
    }

    deinit {
        var statement: duckdb_prepared_statement? = handle
        duckdb_destroy_prepare(&statement)
    }

    /// Refuses what DuckDB doesn't call a SELECT (which includes SHOW, DESCRIBE and SUMMARIZE) or an EXPLAIN. The
    /// numbers are its `duckdb_statement_type`.
    func requireReading() throws(WarehouseError) {
        let kind = duckdb_prepared_statement_type(handle)
        guard kind == 1 || kind == 4 else { throw ReadingStatement.refusal(attempt) }
    }

    func bind(_ parameters: [String: Value]) throws(WarehouseError) {
        for (name, value) in parameters {
            var index: idx_t = 0
            guard duckdb_bind_parameter_index(handle, &index, name) == 0 else {
                throw WarehouseError(.badStatement, attempt, "the statement has no parameter $\(name)")
            }
            guard try bind(value, at: index) == 0 else {
                throw WarehouseError(.badStatement, attempt, "parameter $\(name) does not take this value")
            }
        }
        guard Int(duckdb_nparams(handle)) <= parameters.count else {
            throw WarehouseError(.badStatement, attempt, "the statement has parameters that were given no value")
        }
    }

    private func bind(_ value: Value, at index: idx_t) throws(WarehouseError) -> duckdb_state {
        switch value {
        case .null: return duckdb_bind_null(handle, index)
        case .boolean(let value): return duckdb_bind_boolean(handle, index, value)
        case .integer(let value): return duckdb_bind_int64(handle, index, value)
        case .hugeInteger(let value):
            let parts = duckdb_hugeint(lower: UInt64(truncatingIfNeeded: value), upper: Int64(value >> 64))
            return duckdb_bind_hugeint(handle, index, parts)
        case .double(let value): return duckdb_bind_double(handle, index, value)
        case .timestamp(let value): return duckdb_bind_timestamp(handle, index, duckdb_timestamp(micros: value))
        case .blob(let bytes): return duckdb_bind_blob(handle, index, bytes, idx_t(bytes.count))
        case .text, .uuid, .date, .time, .decimal:
            // DuckDB makes the right type of such texts where the statement needs it.
            var text = value.description
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    duckdb_bind_varchar_length(handle, index, $0.baseAddress, idx_t($0.count))
                }
            }
        case .list, .structure, .map:
            throw WarehouseError(.badStatement, attempt, "a list or a structure cannot be a parameter")
        }
    }

    /// A failed preparation has a message only; its first words name the kind.
    private static func error(_ message: String, _ attempt: String) -> WarehouseError {
        let kinds: [(String, Int32)] = [
            ("IO Error", 28), ("Permission Error", 34), ("Out of Memory Error", 33), ("INTERRUPT", 29),
            ("Invalid Input Error", 32), ("Internal Error", 31),
        ]
        let type = kinds.first { message.hasPrefix($0.0) }?.1 ?? 24
        return WarehouseError(duckdbType: type, message: message, attempted: attempt)
    }
}
