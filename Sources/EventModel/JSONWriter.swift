/// Writes JSON (RFC 8259) into bytes: commas are put where they belong, texts are escaped, numbers that JSON lacks
/// become null.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Forgets what was written, but keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Ends a line of NDJSON.
    package mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    /// An object, or the member `name` holding one.
    package mutating func object(
        _ name: String? = nil, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        begin(name, UInt8(ascii: "{"))
        try body(&self)
        end(UInt8(ascii: "}"))
    }

    /// An array, or the member `name` holding one.
    package mutating func array(
        _ name: String? = nil, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        begin(name, UInt8(ascii: "["))
        try body(&self)
        end(UInt8(ascii: "]"))
    }

    /// Null where there is no value.
    package mutating func member(_ name: String, _ value: String?) {
        self.name(name)
        if let value { quote(value) } else { literal("null") }
    }

    package mutating func member(_ name: String, _ value: (some BinaryInteger)?) {
        self.name(name)
        literal(value.map { String($0) } ?? "null")
    }

    package mutating func member(_ name: String, _ value: Double?) {
        self.name(name)
        literal(Self.number(value))
    }

    package mutating func member(_ name: String, _ value: Bool?) {
        self.name(name)
        literal(value.map { $0 ? "true" : "false" } ?? "null")
    }

    /// A member whose value is JSON already. Line ends within it, which JSON has between tokens alone, become spaces,
    /// so that a line stays a line.
    package mutating func member(_ name: String, json: String) {
        self.name(name)
        onOneLine(json)
    }

    package mutating func element(_ value: String) {
        comma()
        quote(value)
    }

    /// An element that is JSON already.
    package mutating func element(json: String) {
        comma()
        onOneLine(json)
    }

    /// As few digits as give the same double back; without a fraction where there is none.
    private static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "null" }
        guard value == value.rounded(), abs(value) < 1e15 else { return "\(value)" }
        return String(Int64(value))
    }

    private mutating func begin(_ name: String?, _ bracket: UInt8) {
        if let name { self.name(name) } else { comma() }
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func name(_ name: String) {
        comma()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func onOneLine(_ json: String) {
        for byte in json.utf8 {
            let endsLine = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            bytes.append(endsLine ? UInt8(ascii: " ") : byte)
        }
    }

    private mutating func literal(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case UInt8(ascii: "\r"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case UInt8(ascii: "\t"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case ..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexDigits[Int(byte >> 4)])
                bytes.append(hexDigits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
