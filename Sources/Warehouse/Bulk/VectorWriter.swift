import CDuckDB
import EventModel

/// Writes the values of one column of a chunk that is being filled.
struct VectorWriter {
    let vector: duckdb_vector
    private let data: UnsafeMutableRawPointer
    private let arena: TextArena
    private var validity: UnsafeMutablePointer<UInt64>?

    init(_ vector: duckdb_vector, arena: TextArena) {
        self.vector = vector
        self.arena = arena
        // Structures have no data of their own: any pointer will do, none is written.
        data = duckdb_vector_get_data(vector) ?? UnsafeMutableRawPointer(vector)
    }

    mutating func putNull(at row: Int) {
        if validity == nil {
            duckdb_vector_ensure_validity_writable(vector)
            validity = duckdb_vector_get_validity(vector)
        }
        validity?[row / 64] &= ~(1 << UInt64(row % 64))
    }

    func put(_ value: Bool, at row: Int) { store(UInt8(value ? 1 : 0), at: row) }

    func put(_ value: Int64, at row: Int) { store(value, at: row) }

    func put(_ value: Double, at row: Int) { store(value, at: row) }

    func put(_ time: Timestamp, at row: Int) {
        let (microseconds, overflow) = time.milliseconds.multipliedReportingOverflow(by: 1_000)
        store(overflow ? (time.milliseconds < 0 ? -Int64.max : .max) : microseconds, at: row)
    }

    /// The top bit is flipped: see `VectorReader.uuid(at:)`.
    func put(_ id: EventID, at row: Int) {
        store(duckdb_hugeint(lower: id.low, upper: Int64(bitPattern: id.high ^ 1 << 63)), at: row)
    }

    func put(_ entry: duckdb_list_entry, at row: Int) { store(entry, at: row) }

    /// Texts over 12 bytes are copied to the arena, which must live until the chunk is appended: DuckDB then makes
    /// its own copy, and none on the way.
    func put(_ text: String, at row: Int) {
        let done: Void? = text.utf8.withContiguousStorageIfAvailable { put(UnsafeRawBufferPointer($0), at: row) }
        if done == nil { Array(text.utf8).withUnsafeBytes { put($0, at: row) } }
    }

    private func put(_ bytes: UnsafeRawBufferPointer, at row: Int) {
        let slot = data + row * 16
        slot.storeBytes(of: 0, as: UInt64.self)
        slot.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
        slot.storeBytes(of: UInt32(bytes.count), as: UInt32.self)
        if bytes.count <= 12 {
            UnsafeMutableRawBufferPointer(start: slot + 4, count: 12).copyMemory(from: bytes)
        } else {
            UnsafeMutableRawBufferPointer(start: slot + 4, count: 4)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<4]))
            slot.storeBytes(of: arena.copy(bytes), toByteOffset: 8, as: UnsafeRawPointer.self)
        }
    }

    private func store<T: BitwiseCopyable>(_ value: T, at row: Int) {
        data.storeBytes(of: value, toByteOffset: row * MemoryLayout<T>.stride, as: T.self)
    }
}
