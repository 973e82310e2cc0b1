import CDuckDB

/// The type of a column or of a member of one, as far as reading its values needs it.
indirect enum ColumnType: Sendable, Equatable {
    case plain(Plain)
    /// `width` digits in all, `scale` of them behind the point; stored as the integer type `storage`.
    case decimal(width: Int, scale: Int, storage: Plain)
    /// The values' names by their number, which is stored as `storage`.
    case enumeration([String], storage: Plain)
    case list(ColumnType)
    case array(ColumnType, count: Int)
    case structure([Member])
    case map(key: ColumnType, value: ColumnType)
    /// A tag and one column per member.
    case union([Member])
    /// Text that DuckDB knows to be JSON.
    case json

    struct Member: Sendable, Equatable {
        let name: String
        let type: ColumnType
    }

    /// Types without parameters; the numbers are DuckDB's `duckdb_type`.
    enum Plain: Int32, Sendable {
        case boolean = 1
        case tinyint, smallint, integer, bigint, utinyint, usmallint, uinteger, ubigint, float, double
        case timestamp, date, time, interval, hugeint, varchar, blob
        case timestampSeconds = 20
        case timestampMilliseconds, timestampNanoseconds
        case uuid = 27
        case bit = 29
        case timeWithZone, timestampWithZone, uhugeint
        case null = 36
        case timeNanoseconds = 39

        var name: String {
            switch self {
            case .timestampSeconds: "TIMESTAMP_S"
            case .timestampMilliseconds: "TIMESTAMP_MS"
            case .timestampNanoseconds: "TIMESTAMP_NS"
            case .timeWithZone: "TIME WITH TIME ZONE"
            case .timestampWithZone: "TIMESTAMP WITH TIME ZONE"
            case .timeNanoseconds: "TIME_NS"
            case .null: "NULL"
            default: "\(self)".uppercased()
            }
        }
    }

    /// As in SQL.
    var name: String {
        switch self {
        case .plain(let plain): plain.name
        case .decimal(let width, let scale, _): "DECIMAL(\(width),\(scale))"
        case .enumeration(let names, _): "ENUM(" + names.map { "'\($0)'" }.joined(separator: ", ") + ")"
        case .list(let element): element.name + "[]"
        case .array(let element, let count): "\(element.name)[\(count)]"
        case .structure(let members): "STRUCT(" + Self.text(of: members) + ")"
        case .map(let key, let value): "MAP(\(key.name), \(value.name))"
        case .union(let members): "UNION(" + Self.text(of: members) + ")"
        case .json: "JSON"
        }
    }

    private static func text(of members: [Member]) -> String {
        members.map { "\($0.name) \($0.type.name)" }.joined(separator: ", ")
    }
}

extension ColumnType {
    /// Reads the type of a result's column; destroys `handle`. Nil for types that no value can be made of.
    init?(consuming handle: duckdb_logical_type?) {
        guard let handle else { return nil }
        var owned: duckdb_logical_type? = handle
        defer { duckdb_destroy_logical_type(&owned) }
        switch duckdb_get_type_id(handle) {
        case 17 where Self.alias(of: handle) == "JSON": self = .json
        case 19: self.init(decimal: handle)
        case 23: self.init(enumeration: handle)
        case 24:
            guard let element = ColumnType(consuming: duckdb_list_type_child_type(handle)) else { return nil }
            self = .list(element)
        case 33:
            guard let element = ColumnType(consuming: duckdb_array_type_child_type(handle)) else { return nil }
            self = .array(element, count: Int(duckdb_array_type_array_size(handle)))
        case 25:
            let members = Self.members(
                count: duckdb_struct_type_child_count(handle),
                name: { duckdb_struct_type_child_name(handle, $0) },
                type: { duckdb_struct_type_child_type(handle, $0) })
            guard let members else { return nil }
            self = .structure(members)
        case 28:
            let members = Self.members(
                count: duckdb_union_type_member_count(handle),
                name: { duckdb_union_type_member_name(handle, $0) },
                type: { duckdb_union_type_member_type(handle, $0) })
            guard let members else { return nil }
            self = .union(members)
        case 26:
            guard let key = ColumnType(consuming: duckdb_map_type_key_type(handle)),
                let value = ColumnType(consuming: duckdb_map_type_value_type(handle))
            else { return nil }
            self = .map(key: key, value: value)
        case let number:
            guard let plain = Plain(rawValue: number) else { return nil }
            self = .plain(plain)
        }
    }

    private init?(decimal handle: duckdb_logical_type) {
        guard let storage = Plain(rawValue: duckdb_decimal_internal_type(handle)) else { return nil }
        self = .decimal(
            width: Int(duckdb_decimal_width(handle)), scale: Int(duckdb_decimal_scale(handle)), storage: storage)
    }

    private init?(enumeration handle: duckdb_logical_type) {
        guard let storage = Plain(rawValue: duckdb_enum_internal_type(handle)) else { return nil }
        let names = (0..<idx_t(duckdb_enum_dictionary_size(handle))).map {
            Self.takeText(duckdb_enum_dictionary_value(handle, $0)) ?? ""
        }
        self = .enumeration(names, storage: storage)
    }

    private static func members(
        count: idx_t, name: (idx_t) -> UnsafeMutablePointer<CChar>?, type: (idx_t) -> duckdb_logical_type?
    ) -> [Member]? {
        var members: [Member] = []
        for index in 0..<count {
            guard let type = ColumnType(consuming: type(index)) else { return nil }
            members.append(Member(name: takeText(name(index)) ?? "", type: type))
        }
        return members
    }

    private static func alias(of handle: duckdb_logical_type) -> String? {
        takeText(duckdb_logical_type_get_alias(handle))
    }

    /// The text of a C string that is the caller's to free.
    private static func takeText(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text else { return nil }
        defer { duckdb_free(text) }
        return String(cString: text)
    }
}
