import CDuckDB

/// An in-memory database of DuckDB: the frame in which files are read and written. Any number of threads may make
/// connections of it at once; the memory limit holds for all of them together.
package final class DuckDBDatabase: @unchecked Sendable {
    // The handle is written at init and deinit only, and DuckDB's databases may be used from all threads.
    let handle: duckdb_database

    package init(_ settings: DuckDBSettings = DuckDBSettings(), library: DuckDBLibrary) throws(WarehouseError) {
        let attempt = "open DuckDB \(library.version)"
        var config: duckdb_config?
        guard duckdb_create_config(&config) == 0 else {
            throw WarehouseError(.outOfMemory, attempt, "no memory for its configuration")
        }
        defer { duckdb_destroy_config(&config) }
        for (name, value) in settings.options where duckdb_set_config(config, name, value) != 0 {
            throw WarehouseError(.engine, attempt, "it does not know the option \(name)")
        }
        var database: duckdb_database?
        var reason: UnsafeMutablePointer<CChar>?
        guard duckdb_open_ext(":memory:", &database, config, &reason) == 0, let database else {
            let message = reason.map { String(cString: $0) } ?? "it gave no reason"
            duckdb_free(reason)
            throw WarehouseError(.engine, attempt, message)
        }
        handle = database
        // A library without time zones does not know the setting, and everything in it is UTC anyway.
        try? connect().execute("SET GLOBAL TimeZone = 'UTC'")
    }

    deinit {
        var database: duckdb_database? = handle
        duckdb_close(&database)
    }

    /// A new connection: cheap, and with temporary tables and views of its own.
    package func connect() throws(WarehouseError) -> DuckDBConnection {
        var connection: duckdb_connection?
        guard duckdb_connect(handle, &connection) == 0, let connection else {
            throw WarehouseError(.engine, "connect to DuckDB", "it gave no reason")
        }
        return DuckDBConnection(database: self, handle: connection)
    }
}
