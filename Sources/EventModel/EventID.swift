/// An event's id: a UUID, unique per project.
package struct EventID: Hashable, Sendable, CustomStringConvertible {
    /// The first 8 bytes, big-endian.
    package let high: UInt64
    /// The last 8 bytes, big-endian.
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds since 1970, the rest random.
    package static func version7(at time: Timestamp) -> EventID {
        var generator = SystemRandomNumberGenerator()
        return version7(at: time, using: &generator)
    }

    /// The same with random numbers of the caller's.
    package static func version7(at time: Timestamp, using generator: inout some RandomNumberGenerator) -> EventID {
        let high = UInt64(truncatingIfNeeded: time.milliseconds) << 16 | 0x7000 | (generator.next() & 0x0FFF)
        let low = 0x8000_0000_0000_0000 | (generator.next() & 0x3FFF_FFFF_FFFF_FFFF)
        return EventID(high: high, low: low)
    }

    /// Reads the 36 characters of a UUID, in either case; nil where the text is not one.
    package init?(_ text: some Collection<UInt8>) {
        guard text.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (offset, byte) in text.enumerated() {
            if offset == 8 || offset == 13 || offset == 18 || offset == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Self.value(ofHexDigit: byte) else { return nil }
            if digits < 16 { words.0 = words.0 << 4 | digit } else { words.1 = words.1 << 4 | digit }
            digits += 1
        }
        self.init(high: words.0, low: words.1)
    }

    /// Reads the 36 characters of a UUID; nil where the text is not one.
    package init?(_ text: String) { self.init(Array(text.utf8)) }

    /// The UUID in lower case, with its four hyphens.
    package var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for digit in 0..<32 {
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 { text.append(UInt8(ascii: "-")) }
            let word = digit < 16 ? high : low
            text.append(hexDigits[Int(word >> UInt64(60 - (digit % 16) * 4) & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func value(ofHexDigit byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
