/// An amount of money as the column `revenue` holds it: DECIMAL(18, 4).
package struct Revenue: Sendable, Equatable {
    package static let digits = 18
    package static let fractionDigits = 4
    private static let limit: Int64 = 1_000_000_000_000_000_000

    /// The amount times 10,000.
    package let unscaled: Int64

    package init(unscaled: Int64) { self.unscaled = unscaled }

    /// Reads a decimal number as JSON writes it, with a leading `+` or zeros allowed; digits behind the fourth of the
    /// fraction are rounded, half away from zero. Nil for any other text, and for amounts of 10^14 and more.
    package init?(_ text: String) {
        let bytes = Array(text.utf8.prefix(65))
        guard bytes.count <= 64, let number = DecimalText(bytes) else { return nil }
        var digits = number.digits[...]
        // The first digit that is cut off, counted from the left.
        let cut = number.pointPosition + Self.fractionDigits
        guard cut <= 64 else { return nil }
        let roundsUp = cut >= 0 && cut < digits.count && digits[cut] >= 5
        digits = digits.prefix(max(0, cut))
        var value: Int64 = 0
        for place in 0..<max(0, cut) {
            let digit = place < digits.count ? Int64(digits[place]) : 0
            value = value * 10 + digit
            guard value < Self.limit else { return nil }
        }
        if roundsUp { value += 1 }
        guard value < Self.limit else { return nil }
        unscaled = number.isNegative ? -value : value
    }
}

/// The parts of a decimal number's text.
private struct DecimalText {
    var isNegative = false
    /// Of whole part and fraction, without leading zeros.
    var digits: [UInt8] = []
    /// How many of the digits stand before the point; negative where zeros follow the point.
    var pointPosition = 0

    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        let whole = Self.takeDigits(&rest)
        var fraction: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = Self.takeDigits(&rest)
            guard !fraction.isEmpty else { return nil }
        }
        guard !whole.isEmpty, let exponent = Self.takeExponent(&rest), rest.isEmpty else { return nil }
        let all = whole + fraction
        let zeros = all.prefix { $0 == 0 }.count
        digits = Array(all.dropFirst(zeros))
        pointPosition = digits.isEmpty ? 0 : whole.count - zeros + exponent
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        rest = rest.dropFirst(digits.count)
        return digits.map { $0 - UInt8(ascii: "0") }
    }

    /// 0 where there is none; nil where it is broken or beyond three digits.
    private static func takeExponent(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return 0 }
        rest.removeFirst()
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        let digits = takeDigits(&rest)
        guard (1...3).contains(digits.count) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1) }
        return isNegative ? -value : value
    }
}
