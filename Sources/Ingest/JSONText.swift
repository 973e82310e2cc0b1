/// Writes JSON, for answers and for the status file. Commas are put where they belong.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func object(_ name: StaticString? = nil, _ body: (inout JSONText) -> Void) {
        begin(name, UInt8(ascii: "{"))
        body(&self)
        end(UInt8(ascii: "}"))
    }

    mutating func array(_ name: StaticString? = nil, _ body: (inout JSONText) -> Void) {
        begin(name, UInt8(ascii: "["))
        body(&self)
        end(UInt8(ascii: "]"))
    }

    mutating func member(_ name: String, _ value: Int) {
        comma()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func member(_ name: String, _ value: UInt64) {
        member(name, Int(clamping: value))
    }

    /// Leaves the member out where there is no value.
    mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        comma()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        quote(value)
    }

    mutating func element(_ value: String) {
        comma()
        quote(value)
    }

    private mutating func begin(_ name: StaticString?, _ bracket: UInt8) {
        comma()
        if let name {
            quote(name.description)
            bytes.append(UInt8(ascii: ":"))
        }
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case ..<0x20: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
