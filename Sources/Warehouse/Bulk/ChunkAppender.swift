import CDuckDB

/// Appends rows to a table, a chunk at a time: 2.5 times as fast as row by row.
final class ChunkAppender {
    /// Rows a chunk can hold.
    static var capacity: Int { Int(duckdb_vector_size()) }

    private var appender: duckdb_appender?
    private var chunk: duckdb_data_chunk?
    private let arena = TextArena()
    private let attempt: String

    init(
        table: String, types: [LogicalType], on connection: DuckDBConnection, attempting attempt: String
    ) throws(WarehouseError) {
        self.attempt = attempt
        // Without this the types may be gone, and their handles with them, before they are used.
        chunk = withExtendedLifetime(types) {
            var handles = types.map(\.handle)
            return duckdb_create_data_chunk(&handles, idx_t(handles.count))
        }
        guard duckdb_appender_create(connection.handle, nil, table, &appender) == 0, chunk != nil else {
            throw failure()
        }
    }

    deinit {
        duckdb_appender_destroy(&appender)
        duckdb_destroy_data_chunk(&chunk)
    }

    /// Appends up to `capacity` rows, which `fill` writes column by column.
    func append(rowCount: Int, _ fill: (ChunkWriter) -> Void) throws(WarehouseError) {
        guard let chunk else { throw failure() }
        duckdb_data_chunk_reset(chunk)
        arena.removeAll()
        fill(ChunkWriter(chunk: chunk, arena: arena))
        duckdb_data_chunk_set_size(chunk, idx_t(rowCount))
        guard duckdb_append_data_chunk(appender, chunk) == 0 else { throw failure() }
    }

    /// After this the rows are in the table.
    func finish() throws(WarehouseError) {
        guard duckdb_appender_close(appender) == 0 else { throw failure() }
    }

    private func failure() -> WarehouseError {
        let message =
            appender.flatMap { duckdb_appender_error($0) }.map { String(cString: $0) } ?? "DuckDB gave no reason"
        let outOfMemory = message.contains("Out of Memory") || message.contains("failed to allocate")
        return WarehouseError(duckdbType: outOfMemory ? 33 : 0, message: message, attempted: attempt)
    }
}

/// The columns of a chunk that is being filled.
struct ChunkWriter {
    let chunk: duckdb_data_chunk
    let arena: TextArena

    func column(_ index: Int) -> VectorWriter {
        VectorWriter(duckdb_data_chunk_get_vector(chunk, idx_t(index)), arena: arena)
    }

    func member(_ index: Int, ofStructure vector: VectorWriter) -> VectorWriter {
        VectorWriter(duckdb_struct_vector_get_child(vector.vector, idx_t(index)), arena: arena)
    }

    /// Key and value columns of a map, with room for `count` entries in all rows together.
    func entries(ofMap vector: VectorWriter, count: Int) -> (keys: VectorWriter, values: VectorWriter) {
        // Reserving can move the entries: their pointers are taken after it.
        duckdb_list_vector_reserve(vector.vector, idx_t(count))
        duckdb_list_vector_set_size(vector.vector, idx_t(count))
        let child: duckdb_vector = duckdb_list_vector_get_child(vector.vector)
        return (
            VectorWriter(duckdb_struct_vector_get_child(child, 0), arena: arena),
            VectorWriter(duckdb_struct_vector_get_child(child, 1), arena: arena)
        )
    }
}

/// A type as DuckDB's interface takes it.
final class LogicalType {
    let handle: duckdb_logical_type?

    private init(_ handle: duckdb_logical_type?) { self.handle = handle }

    deinit {
        var type = handle
        duckdb_destroy_logical_type(&type)
    }

    static func plain(_ plain: ColumnType.Plain) -> LogicalType {
        LogicalType(duckdb_create_logical_type(plain.rawValue))
    }

    static func decimal(width: Int, scale: Int) -> LogicalType {
        LogicalType(duckdb_create_decimal_type(UInt8(width), UInt8(scale)))
    }

    static func map(_ key: LogicalType, _ value: LogicalType) -> LogicalType {
        withExtendedLifetime((key, value)) { LogicalType(duckdb_create_map_type(key.handle, value.handle)) }
    }

    /// A structure of two members.
    static func structure(_ first: String, _ second: String, _ type: LogicalType) -> LogicalType {
        first.withCString { first in
            second.withCString { second in
                var names: [UnsafePointer<CChar>?] = [first, second]
                var types = [type.handle, type.handle]
                return withExtendedLifetime(type) { LogicalType(duckdb_create_struct_type(&types, &names, 2)) }
            }
        }
    }
}
