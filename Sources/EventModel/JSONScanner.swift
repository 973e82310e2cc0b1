/// What a JSON value is.
package enum JSONKind: Sendable {
    case object, array, string, number, `true`, `false`, null
}

/// Where a value stands in the bytes that were scanned.
package struct JSONSpan: Sendable, Equatable {
    package let kind: JSONKind
    /// Whether a string holds escapes; its bytes are its text where it holds none.
    package let hasEscapes: Bool
    /// First byte; of a string the first behind its quote.
    package let start: Int
    /// Behind the last byte; of a string, its closing quote.
    package let end: Int

    package init(kind: JSONKind, hasEscapes: Bool = false, start: Int, end: Int) {
        self.kind = kind
        self.hasEscapes = hasEscapes
        self.start = start
        self.end = end
    }
}

/// Why bytes are not JSON.
package struct JSONScanError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case endsEarly, unexpectedByte, badString, badEscape, badUTF8, badNumber, tooDeep, trailingBytes
    }

    package let code: Code
    /// The byte at which it was noticed, counted from 0.
    package let offset: Int

    package var description: String { "\(reason) (byte \(offset))" }

    /// The reason without the place.
    package var reason: String {
        switch code {
        case .endsEarly: "the JSON ends in the middle of a value"
        case .unexpectedByte: "the JSON has a character that cannot stand there"
        case .badString: "a JSON string holds a control character"
        case .badEscape: "a JSON string holds an escape that is none"
        case .badUTF8: "a JSON string is not UTF-8"
        case .badNumber: "a JSON number is malformed or beyond the range of a double"
        case .tooDeep: "the JSON is nested too deeply"
        case .trailingBytes: "something follows the JSON value"
        }
    }
}

/// A strict reader of JSON (RFC 8259) over bytes which it neither copies nor allocates for: each byte is looked at
/// once.
///
/// The caller pulls: `openObject`, then `nextMember` and a value until it is nil; `openArray`, then `nextElement` and
/// a value until it is false; `value` passes over any value whole and says where it stands. `finish` demands the end.
/// Beyond the grammar it refuses bytes that are not UTF-8, numbers that overflow a double, and containers nested
/// deeper than its limit. What is JSON but no text for most stores stands in `unfit`. The bytes have to outlive the
/// scanner.
package struct JSONScanner {
    /// The deepest limit that can be asked for.
    package static let deepestLimit = 64

    package let bytes: UnsafeRawBufferPointer
    /// The same bytes without a question at each look: never looked at from `count` on.
    let base: UnsafePointer<UInt8>
    let count: Int
    /// The next byte to look at.
    package internal(set) var offset = 0
    /// Containers open now.
    package private(set) var depth = 0
    /// The most containers open at once since it was last set.
    package var deepest = 0
    /// The last escape seen that is legal JSON, but no text for most stores.
    package var unfit: Unfit?

    /// An escape that stands for no character a text may hold.
    package struct Unfit: Sendable, Equatable {
        package enum Kind: Sendable {
            /// `\u0000`.
            case nul
            /// Half of a surrogate pair, as from a text that was cut in the middle of a character. It reads as U+FFFD.
            case surrogate
        }

        package let kind: Kind
        package let offset: Int
    }

    private let maximumDepth: Int
    private var needsComma = false

    package init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int = 8) {
        self.bytes = bytes
        base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? ("" as StaticString).utf8Start
        count = bytes.count
        self.maximumDepth = min(maximumDepth, Self.deepestLimit)
    }

    /// What the next value is, without moving past it.
    package mutating func peek() throws(JSONScanError) -> JSONKind {
        skipWhitespace()
        guard offset < count else { throw failure(.endsEarly) }
        switch base[offset] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw failure(.unexpectedByte)
        }
    }

    /// Moves into an object.
    package mutating func openObject() throws(JSONScanError) { try open(UInt8(ascii: "{")) }

    /// Moves into an array.
    package mutating func openArray() throws(JSONScanError) { try open(UInt8(ascii: "[")) }

    /// The name of the next member, its value being next; nil where the object ended, which is then closed.
    package mutating func nextMember() throws(JSONScanError) -> JSONSpan? {
        guard try moveToNext(closing: UInt8(ascii: "}")) else { return nil }
        skipWhitespace()
        guard offset < count else { throw failure(.endsEarly) }
        guard base[offset] == UInt8(ascii: "\"") else { throw failure(.unexpectedByte) }
        let name = try string()
        if offset < count, base[offset] == UInt8(ascii: ":") {
            offset &+= 1
            return name
        }
        skipWhitespace()
        guard offset < count else { throw failure(.endsEarly) }
        guard base[offset] == UInt8(ascii: ":") else { throw failure(.unexpectedByte) }
        offset &+= 1
        return name
    }

    /// Whether another element follows, being next; false where the array ended, which is then closed.
    package mutating func nextElement() throws(JSONScanError) -> Bool {
        try moveToNext(closing: UInt8(ascii: "]"))
    }

    /// Passes over the next value, whatever it holds.
    package mutating func value() throws(JSONScanError) -> JSONSpan {
        skipWhitespace()
        guard offset < count else { throw failure(.endsEarly) }
        let start = offset
        switch base[start] {
        case UInt8(ascii: "\""):
            let span = try string()
            needsComma = true
            return span
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try number()
            needsComma = true
            return JSONSpan(kind: .number, start: start, end: offset)
        default: return try rarerValue()
        }
    }

    private mutating func rarerValue() throws(JSONScanError) -> JSONSpan {
        let kind = try peek()
        let start = offset
        switch kind {
        case .object, .array: try skipContainer(kind)
        case .string: _ = try string()
        case .number: try number()
        case .true: try literal("true")
        case .false: try literal("false")
        case .null: try literal("null")
        }
        needsComma = true
        return JSONSpan(kind: kind, start: start, end: offset)
    }

    /// Demands that nothing but white space follows.
    package mutating func finish() throws(JSONScanError) {
        skipWhitespace()
        guard offset == count else { throw failure(.trailingBytes) }
    }

    /// The bytes of a span; of a string those between its quotes.
    package func content(of span: JSONSpan) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + span.start, count: span.end &- span.start)
    }

    /// The bytes of a span as they stand, a string with its quotes.
    package func source(of span: JSONSpan) -> UnsafeRawBufferPointer {
        guard span.kind == .string else { return content(of: span) }
        return UnsafeRawBufferPointer(start: base + (span.start - 1), count: span.end &- span.start &+ 2)
    }

    func failure(_ code: JSONScanError.Code) -> JSONScanError { JSONScanError(code: code, offset: offset) }

    @inline(__always)
    private mutating func skipWhitespace() {
        // Mostly there is none, or a single space.
        var position = offset
        while position < count {
            let byte = base[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            position &+= 1
        }
        offset = position
    }

    private mutating func open(_ bracket: UInt8) throws(JSONScanError) {
        skipWhitespace()
        guard offset < count else { throw failure(.endsEarly) }
        guard base[offset] == bracket else { throw failure(.unexpectedByte) }
        guard depth < maximumDepth else { throw failure(.tooDeep) }
        offset &+= 1
        depth += 1
        deepest = max(deepest, depth)
        needsComma = false
    }

    @inline(__always)
    private mutating func moveToNext(closing bracket: UInt8) throws(JSONScanError) -> Bool {
        skipWhitespace()
        guard offset < count else { throw failure(.endsEarly) }
        if base[offset] == bracket {
            offset &+= 1
            depth -= 1
            needsComma = true
            return false
        }
        if needsComma {
            guard base[offset] == UInt8(ascii: ",") else { throw failure(.unexpectedByte) }
            offset &+= 1
            needsComma = false
        }
        return true
    }

    /// Passes over a container without recursion: one bit a level says whether it is an object.
    private mutating func skipContainer(_ kind: JSONKind) throws(JSONScanError) {
        let outside = depth
        var objects: UInt64 = 0
        var next = kind
        repeat {
            switch next {
            case .object:
                try openObject()
                objects = objects << 1 | 1
            case .array:
                try openArray()
                objects <<= 1
            case .string: _ = try string()
            case .number: try number()
            case .true: try literal("true")
            case .false: try literal("false")
            case .null: try literal("null")
            }
            if next != .object && next != .array { needsComma = true }
            while depth > outside {
                let more = objects & 1 == 1 ? try nextMember() != nil : try nextElement()
                if more { break }
                objects >>= 1
            }
            if depth > outside { next = try peek() }
        } while depth > outside
    }

    private mutating func literal(_ text: StaticString) throws(JSONScanError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard offset < count else { throw failure(.endsEarly) }
            guard base[offset] == text.utf8Start[index] else { throw failure(.unexpectedByte) }
            offset &+= 1
        }
    }
}
