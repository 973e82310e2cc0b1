import EventModel

/// One key of the configuration: where it stands, what it may hold, and what it holds when nobody sets it.
struct SettingKey: Sendable {
    enum Kind: Sendable {
        case text
        /// `host:port`, the port 0 to 65535.
        case address
        /// An origin, with a path prefix where needed, without a trailing slash; may be empty.
        case url
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case boolean
        case choice([String])
        /// The name of an HTTP header; may be empty.
        case headerName
        case list
        /// A list of addresses and CIDR blocks.
        case blocks
        /// `[[admin.users]]`: tables of `name` and `password_hash`.
        case users
        /// A table of lists of texts.
        case mapping

        /// What is allowed, in words.
        var allowed: String {
            switch self {
            case .text: "a text"
            case .address: "a text \"host:port\" with a port from 0 to 65535"
            case .url: "a URL that begins with http:// or https:// and has no slash at its end"
            case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
            case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
            case .boolean: "true or false"
            case .choice(let names): "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ")
            case .headerName: "the name of an HTTP header, of at most 64 letters, digits and hyphens, or \"\""
            case .list: "a list of texts"
            case .blocks: "a list of addresses and blocks such as \"10.0.0.0/8\""
            case .users: "tables [[admin.users]] with name and password_hash (bcrypt)"
            case .mapping: "a table of lists of texts"
            }
        }
    }

    /// `table.key`, or `key` where it stands above all tables.
    let path: String
    let kind: Kind
    let standard: SettingValue

    init(_ path: String, _ kind: Kind, _ standard: SettingValue) {
        self.path = path
        self.kind = kind
        self.standard = standard
    }

    /// `MILLRACE_LOG_SEGMENT_MIB` for `log.segment_mib`.
    var environmentName: String {
        "MILLRACE_" + path.uppercased().replacing(".", with: "_")
    }
}

/// What a key holds.
enum SettingValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case list([String])
    case blocks([AddressBlock])
    case users([Configuration.AdminUser])
    case mapping([String: [String]])
}
