import CDuckDB
import EventModel

/// Reads the values of one column of a chunk. Valid only while the chunk lives.
struct VectorReader {
    private let type: ColumnType
    private let data: UnsafeMutableRawPointer
    /// One bit a row, set where there is a value; nil where every row has one.
    private let validity: UnsafeMutablePointer<UInt64>?
    /// The list's elements, the structure's members, the map's entries.
    private let children: [VectorReader]

    init(_ vector: duckdb_vector, type: ColumnType) {
        self.type = type
        // Structures have no data of their own: any pointer will do, none is read.
        data = duckdb_vector_get_data(vector) ?? UnsafeMutableRawPointer(vector)
        validity = duckdb_vector_get_validity(vector)
        children =
            switch type {
            case .list(let element): [VectorReader(duckdb_list_vector_get_child(vector), type: element)]
            case .array(let element, _): [VectorReader(duckdb_array_vector_get_child(vector), type: element)]
            case .structure(let members):
                members.enumerated().map {
                    VectorReader(duckdb_struct_vector_get_child(vector, idx_t($0.offset)), type: $0.element.type)
                }
            case .map(let key, let value):
                Self.entries(duckdb_list_vector_get_child(vector), key: key, value: value)
            case .union(let members):
                ([ColumnType.plain(.utinyint)] + members.map(\.type)).enumerated().map {
                    VectorReader(duckdb_struct_vector_get_child(vector, idx_t($0.offset)), type: $0.element)
                }
            case .plain, .decimal, .enumeration, .json: []
            }
    }

    private static func entries(_ child: duckdb_vector, key: ColumnType, value: ColumnType) -> [VectorReader] {
        [
            VectorReader(duckdb_struct_vector_get_child(child, 0), type: key),
            VectorReader(duckdb_struct_vector_get_child(child, 1), type: value),
        ]
    }

    func value(at row: Int) -> Value {
        if let validity, validity[row / 64] & (1 << UInt64(row % 64)) == 0 { return .null }
        switch type {
        case .plain(let plain): return plainValue(plain, at: row)
        case .json: return .text(text(at: row))
        case .decimal(_, let scale, let storage):
            return .decimal(unscaled: wideInteger(storage, at: row), scale: scale)
        case .enumeration(let names, let storage):
            let number = Int(wideInteger(storage, at: row))
            return names.indices.contains(number) ? .text(names[number]) : .null
        case .list:
            let entry = load(duckdb_list_entry.self, at: row)
            return .list(elements(from: entry.offset, count: entry.length) { children[0].value(at: $0) })
        case .array(_, let count):
            return .list((row * count..<(row + 1) * count).map { children[0].value(at: $0) })
        case .structure(let members):
            return .structure(
                members.enumerated().map { .init(name: $0.element.name, value: children[$0.offset].value(at: row)) })
        case .map:
            let entry = load(duckdb_list_entry.self, at: row)
            return .map(
                elements(from: entry.offset, count: entry.length) {
                    .init(key: children[0].value(at: $0), value: children[1].value(at: $0))
                })
        case .union:
            let tag = Int(children[0].wideInteger(.utinyint, at: row))
            return children.indices.contains(tag + 1) ? children[tag + 1].value(at: row) : .null
        }
    }

    private func elements<Element>(from offset: UInt64, count: UInt64, _ make: (Int) -> Element) -> [Element] {
        (Int(offset)..<Int(offset + count)).map(make)
    }

    private func load<T: BitwiseCopyable>(_ type: T.Type, at row: Int) -> T {
        data.load(fromByteOffset: row * MemoryLayout<T>.stride, as: type)
    }

    private func plainValue(_ plain: ColumnType.Plain, at row: Int) -> Value {
        switch plain {
        case .boolean: .boolean(load(UInt8.self, at: row) != 0)
        case .float: .double(Double(load(Float.self, at: row)))
        case .double: .double(load(Double.self, at: row))
        case .varchar: .text(text(at: row))
        case .blob: .blob(withBytes(at: row) { [UInt8]($0) })
        case .bit: .text(withBytes(at: row, Self.bitText))
        case .uuid: .uuid(uuid(at: row))
        case .date: .date(Day(number: Int64(load(Int32.self, at: row))))
        case .timestamp, .timestampWithZone: .timestamp(microseconds: load(Int64.self, at: row))
        case .timestampSeconds: scaledTimestamp(load(Int64.self, at: row), 1_000_000)
        case .timestampMilliseconds: scaledTimestamp(load(Int64.self, at: row), 1_000)
        case .timestampNanoseconds: .timestamp(microseconds: nanoseconds(load(Int64.self, at: row)))
        case .time: .time(microseconds: load(Int64.self, at: row))
        case .timeNanoseconds: .time(microseconds: load(Int64.self, at: row) / 1_000)
        case .timeWithZone: .time(microseconds: Self.universalTime(load(UInt64.self, at: row)))
        case .interval: .text(Self.intervalText(load(duckdb_interval.self, at: row)))
        case .null: .null
        case .uhugeint: unsignedHugeInteger(at: row)
        default: .whole(wideInteger(plain, at: row))
        }
    }

    private func wideInteger(_ plain: ColumnType.Plain, at row: Int) -> Int128 {
        switch plain {
        case .tinyint: Int128(load(Int8.self, at: row))
        case .smallint: Int128(load(Int16.self, at: row))
        case .integer: Int128(load(Int32.self, at: row))
        case .utinyint: Int128(load(UInt8.self, at: row))
        case .usmallint: Int128(load(UInt16.self, at: row))
        case .uinteger: Int128(load(UInt32.self, at: row))
        case .ubigint: Int128(load(UInt64.self, at: row))
        case .hugeint: hugeInteger(at: row)
        default: Int128(load(Int64.self, at: row))
        }
    }

    private func hugeInteger(at row: Int) -> Int128 {
        let parts = load(duckdb_hugeint.self, at: row)
        return Int128(parts.upper) << 64 | Int128(parts.lower)
    }

    /// What even 127 bits cannot hold is its digits as a text.
    private func unsignedHugeInteger(at row: Int) -> Value {
        let parts = load(duckdb_hugeint.self, at: row)
        let value = UInt128(UInt64(bitPattern: parts.upper)) << 64 | UInt128(parts.lower)
        return Int128(exactly: value).map { .whole($0) } ?? .text(String(value))
    }
}

extension VectorReader {
    /// DuckDB stores a UUID as a signed number whose top bit is flipped, so that it sorts as its text.
    func uuid(at row: Int) -> EventID {
        let parts = load(duckdb_hugeint.self, at: row)
        return EventID(high: UInt64(bitPattern: parts.upper) ^ 1 << 63, low: parts.lower)
    }

    private func text(at row: Int) -> String { withBytes(at: row) { String(decoding: $0, as: UTF8.self) } }

    /// A string is 16 bytes: its length, then up to 12 bytes of it, or 4 bytes of it and a pointer to all.
    private func withBytes<Result>(at row: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let slot = UnsafeRawPointer(data + row * 16)
        let count = Int(slot.load(as: UInt32.self))
        if count <= 12 { return body(UnsafeRawBufferPointer(start: slot + 4, count: count)) }
        return body(
            UnsafeRawBufferPointer(start: slot.load(fromByteOffset: 8, as: UnsafeRawPointer.self), count: count))
    }

    private func scaledTimestamp(_ value: Int64, _ factor: Int64) -> Value {
        if value == .max || value == -.max { return .timestamp(microseconds: value) }
        let (microseconds, overflow) = value.multipliedReportingOverflow(by: factor)
        return .timestamp(microseconds: overflow ? (value < 0 ? -.max : .max) : microseconds)
    }

    private func nanoseconds(_ value: Int64) -> Int64 {
        value == .max || value == -.max ? value : floorDivide(value, 1_000)
    }

    /// The upper 40 bits are microseconds of the local day, the lower 24 the zone, as 16 hours minus its seconds east.
    private static func universalTime(_ bits: UInt64) -> Int64 {
        let local = Int64(bits >> 24)
        let secondsEast = 57_599 - Int64(bits & 0xFF_FFFF)
        let day = Day.milliseconds * 1_000
        return ((local - secondsEast * 1_000_000) % day + day) % day
    }

    /// The first byte says how many bits of the second are padding.
    private static func bitText(_ bytes: UnsafeRawBufferPointer) -> String {
        guard let padding = bytes.first else { return "" }
        return String(
            bytes.dropFirst().map { byte in
                let digits = String(byte, radix: 2)
                return String(repeating: "0", count: 8 - digits.count) + digits
            }.joined().dropFirst(Int(padding)))
    }

    /// As DuckDB writes it: `1 month 2 days 03:04:05.000006`.
    private static func intervalText(_ interval: duckdb_interval) -> String {
        var parts: [String] = []
        func append(_ count: Int32, _ unit: String) {
            if count != 0 { parts.append("\(count) \(unit)\(abs(count) == 1 ? "" : "s")") }
        }
        append(interval.months / 12, "year")
        append(interval.months % 12, "month")
        append(interval.days, "day")
        if interval.micros != 0 || parts.isEmpty {
            let text = Value.time(microseconds: Int64(interval.micros.magnitude)).description
            parts.append((interval.micros < 0 ? "-" : "") + text)
        }
        return parts.joined(separator: " ")
    }
}
