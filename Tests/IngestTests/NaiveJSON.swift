import Foundation

/// A JSON value read the slow and obvious way, from RFC 8259, to judge the daemon's scanner by. It shares no line with
/// it.
struct NaiveJSON {
    enum Kind { case object, array, string, number, bool, null }

    struct Member {
        let name: NaiveJSON
        let value: NaiveJSON
    }

    struct Failure: Error {
        /// The grammar allows it, a limit of the daemon's does not.
        let isLimit: Bool
    }

    let kind: Kind
    /// The value as it was spelt.
    let source: [UInt8]
    var members: [Member] = []
    var elements: [NaiveJSON] = []
    /// UTF-8, its escapes resolved.
    var text: [UInt8] = []
    var hasLoneSurrogate = false
    var bool = false
    /// Containers in each other, itself included; 0 of a scalar.
    var depth = 0

    var number: Double { Double(String(decoding: source, as: UTF8.self)) ?? .nan }
    var string: String { String(decoding: text, as: UTF8.self) }

    init(_ kind: Kind, source: ArraySlice<UInt8>) {
        self.kind = kind
        self.source = Array(source)
    }

    /// Every string in it, names too.
    var allTexts: [NaiveJSON] {
        if kind == .string { return [self] }
        return elements.flatMap(\.allTexts) + members.flatMap { [$0.name] + $0.value.allTexts }
    }

    /// Reads a whole document.
    static func read(_ bytes: [UInt8]) throws(Failure) -> NaiveJSON {
        var reader = NaiveJSONReader(bytes: bytes)
        let value = try reader.value(level: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw Failure(isLimit: false) }
        return value
    }
}

/// Recursive descent, one function for each rule of the grammar.
struct NaiveJSONReader {
    /// The most containers the daemon reads in each other.
    static let deepest = 64

    let bytes: [UInt8]
    var position = 0

    private let malformed = NaiveJSON.Failure(isLimit: false)

    init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: Character? { position < bytes.count ? Character(Unicode.Scalar(bytes[position])) : nil }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
        guard next == character, bytes[position] < 0x80 else { return false }
        position += 1
        return true
    }

    mutating func value(level: Int) throws(NaiveJSON.Failure) -> NaiveJSON {
        skipSpace()
        switch next {
        case "{", "[":
            guard level < Self.deepest else { throw NaiveJSON.Failure(isLimit: true) }
            return next == "{" ? try object(level) : try array(level)
        case "\"": return try string()
        case "t": return try literal("true", .bool)
        case "f": return try literal("false", .bool)
        case "n": return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ word: String, _ kind: NaiveJSON.Kind) throws(NaiveJSON.Failure) -> NaiveJSON {
        let end = position + word.utf8.count
        guard end <= bytes.count, Array(bytes[position..<end]) == Array(word.utf8) else { throw malformed }
        defer { position = end }
        var value = NaiveJSON(kind, source: bytes[position..<end])
        value.bool = word == "true"
        return value
    }

    private mutating func object(_ level: Int) throws(NaiveJSON.Failure) -> NaiveJSON {
        let start = position
        position += 1
        var members: [NaiveJSON.Member] = []
        skipSpace()
        if !take("}") {
            repeat {
                skipSpace()
                guard next == "\"" else { throw malformed }
                let name = try string()
                skipSpace()
                guard take(":") else { throw malformed }
                let value = try value(level: level + 1)
                members.append(.init(name: name, value: value))
                skipSpace()
            } while take(",")
            guard take("}") else { throw malformed }
        }
        var value = NaiveJSON(.object, source: bytes[start..<position])
        value.members = members
        value.depth = 1 + (members.map(\.value.depth).max() ?? 0)
        return value
    }

    private mutating func array(_ level: Int) throws(NaiveJSON.Failure) -> NaiveJSON {
        let start = position
        position += 1
        var elements: [NaiveJSON] = []
        skipSpace()
        if !take("]") {
            repeat {
                elements.append(try value(level: level + 1))
                skipSpace()
            } while take(",")
            guard take("]") else { throw malformed }
        }
        var value = NaiveJSON(.array, source: bytes[start..<position])
        value.elements = elements
        value.depth = 1 + (elements.map(\.depth).max() ?? 0)
        return value
    }

    private mutating func number() throws(NaiveJSON.Failure) -> NaiveJSON {
        let start = position
        while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) { position += 1 }
        // The grammar's number at its start; what follows it is the caller's to judge.
        let grammar = #/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/#
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let match = text.prefixMatch(of: grammar) else { throw malformed }
        position = start + match.output.0.utf8.count
        guard let value = Double(String(match.output.0)), value.isFinite else {
            throw NaiveJSON.Failure(isLimit: true)
        }
        return NaiveJSON(.number, source: bytes[start..<position])
    }

    private mutating func string() throws(NaiveJSON.Failure) -> NaiveJSON {
        let start = position
        position += 1
        var units: [UInt8] = []
        var hasLoneSurrogate = false
        while true {
            guard position < bytes.count, bytes[position] >= 0x20 else { throw malformed }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { break }
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            let scalar = try escape()
            units += Array(String(scalar ?? "\u{FFFD}").utf8)
            if scalar == nil { hasLoneSurrogate = true }
        }
        guard String(validating: bytes[start..<position], as: UTF8.self) != nil else { throw malformed }
        var value = NaiveJSON(.string, source: bytes[start..<position])
        value.text = units
        value.hasLoneSurrogate = hasLoneSurrogate
        return value
    }

    /// Nil for half of a surrogate pair.
    private mutating func escape() throws(NaiveJSON.Failure) -> Unicode.Scalar? {
        guard let kind = next, bytes[position] < 0x80 else { throw malformed }
        position += 1
        switch kind {
        case "\"", "\\", "/": return kind.unicodeScalars.first
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": break
        default: throw malformed
        }
        let first = try unit()
        guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
        let rest = position
        guard take("\\"), take("u") else {
            position = rest
            return nil
        }
        let second = try unit()
        guard second & 0xFC00 == 0xDC00 else {
            position = rest
            return nil
        }
        return String(decoding: [first, second], as: UTF16.self).unicodeScalars.first
    }

    private mutating func unit() throws(NaiveJSON.Failure) -> UInt16 {
        let digits = bytes[position..<min(position + 4, bytes.count)]
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw malformed }
        position += 4
        return unit
    }
}
