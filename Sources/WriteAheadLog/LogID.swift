import EventModel

/// The identity of a log, 16 random bytes: it stays the same across its segments and starts, and tells a reader that
/// a directory holds another log than the one it knows.
package struct LogID: Hashable, Sendable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 32 hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        guard hex.utf8.count == 32, let high = UInt64(hex.prefix(16), radix: 16),
            let low = UInt64(hex.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// A new random id.
    package static func random() -> LogID {
        var generator = SystemRandomNumberGenerator()
        return LogID(high: generator.next(), low: generator.next())
    }

    /// 32 lower-case hexadecimal digits.
    package var hex: String {
        withUnsafeBytes(of: high.bigEndian) { hexText($0) } + withUnsafeBytes(of: low.bigEndian) { hexText($0) }
    }

    package var description: String { hex }
}
