extension JSONScanner {
    /// Longest number that cannot overflow a double without an exponent.
    private static let safeDigits = 300

    /// Passes over a number, the next byte being its sign or first digit.
    mutating func number() throws(JSONScanError) {
        let start = offset
        if base[offset] == UInt8(ascii: "-") { offset &+= 1 }
        guard offset < count else { throw failure(.endsEarly) }
        if base[offset] == UInt8(ascii: "0") { offset &+= 1 } else { try digits() }
        if offset < count, base[offset] == UInt8(ascii: ".") {
            offset &+= 1
            try digits()
        }
        var hasExponent = false
        if offset < count, base[offset] | 0x20 == UInt8(ascii: "e") {
            hasExponent = true
            offset &+= 1
            if offset < count, base[offset] == UInt8(ascii: "+") || base[offset] == UInt8(ascii: "-") {
                offset &+= 1
            }
            try digits()
        }
        if hasExponent || offset &- start > Self.safeDigits { try demandFinite(from: start) }
    }

    private func demandFinite(from start: Int) throws(JSONScanError) {
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw JSONScanError(code: .badNumber, offset: start)
        }
    }

    @inline(__always)
    private mutating func digits() throws(JSONScanError) {
        guard offset < count else { throw failure(.endsEarly) }
        guard isDigit(base[offset]) else { throw failure(.badNumber) }
        var position = offset &+ 1
        while position < count, isDigit(base[position]) { position &+= 1 }
        offset = position
    }

    /// The value of a number that this scanner has passed over.
    package func double(_ span: JSONSpan) -> Double {
        var position = span.start
        let negative = base[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        var mantissa: UInt64 = 0
        var decimals = -1
        guard span.end - position <= 16 else { return slowDouble(span) }
        while position < span.end {
            let byte = base[position]
            if isDigit(byte) {
                mantissa = mantissa * 10 + UInt64(byte - UInt8(ascii: "0"))
                if decimals >= 0 { decimals += 1 }
            } else if byte == UInt8(ascii: ".") {
                decimals = 0
            } else {
                return slowDouble(span)
            }
            position += 1
        }
        // Both are exact as doubles, so that the one division rounds as a correct reader would.
        guard mantissa < 1 << 53 else { return slowDouble(span) }
        var divisor = 1.0
        for _ in 0..<max(0, decimals) { divisor *= 10 }
        let value = Double(mantissa) / divisor
        return negative ? -value : value
    }

    /// The value of a number that this scanner has passed over where it is whole and fits, else nil.
    package func integer(_ span: JSONSpan) -> Int64? {
        let text = content(of: span)
        var value: Int64 = 0
        let negative = text[0] == UInt8(ascii: "-")
        for byte in text.dropFirst(negative ? 1 : 0) {
            guard isDigit(byte) else { return Int64(exactly: slowDouble(span)) }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return negative ? value : value == .min ? nil : -value
    }

    private func slowDouble(_ span: JSONSpan) -> Double {
        Double(String(decoding: content(of: span), as: UTF8.self)) ?? 0
    }

    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
