extension JSONScanner {
    /// Passes over a string, the next byte being its opening quote.
    @inline(__always)
    mutating func string() throws(JSONScanError) -> JSONSpan {
        let start = offset &+ 1
        let end = endOfPlainText(from: start)
        guard end < count, base[end] == UInt8(ascii: "\"") else { return try rarerString(start, end) }
        offset = end &+ 1
        return JSONSpan(kind: .string, start: start, end: end)
    }

    /// The same for one that holds more than ASCII without escapes up to `plainEnd`, or is none.
    @inline(never)
    private mutating func rarerString(_ start: Int, _ plainEnd: Int) throws(JSONScanError) -> JSONSpan {
        var position = plainEnd
        var hasEscapes = false
        while true {
            position = endOfPlainText(from: position)
            offset = position
            guard position < count else { throw failure(.endsEarly) }
            let byte = base[position]
            if byte == UInt8(ascii: "\"") {
                offset = position &+ 1
                return JSONSpan(kind: .string, hasEscapes: hasEscapes, start: start, end: position)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try escape()
            } else if byte >= 0x80 {
                try multiByteCharacter(byte)
            } else {
                throw failure(.badString)
            }
            position = offset
        }
    }

    /// The next byte that is a quote, a backslash, a control character or not ASCII; eight bytes at a time.
    /// Source: the zero-byte test of "Bit Twiddling Hacks" (S. E. Anderson); its lowest set bit is always a true one,
    /// bytes that are not ASCII being looked for as well.
    @inline(__always)
    private func endOfPlainText(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let bytes = UnsafeRawPointer(base)
        var position = start
        while position &+ 8 <= count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = (word ^ (ones &* 0x22)) &- ones
            let backslash = (word ^ (ones &* 0x5C)) &- ones
            let found = (quote | backslash | (word &- ones &* 0x20) | word) & highs
            if found != 0 { return position &+ found.trailingZeroBitCount >> 3 }
            position &+= 8
        }
        while position < count {
            let byte = base[position]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { break }
            position &+= 1
        }
        return position
    }

    private mutating func escape() throws(JSONScanError) {
        guard offset + 1 < count else { throw JSONScanError(code: .endsEarly, offset: count) }
        switch base[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
        case UInt8(ascii: "u"):
            let first = try hexQuad(at: offset + 2)
            if first == 0 { unfit = Unfit(kind: .nul, offset: offset) }
            if first & 0xF800 == 0xD800 {
                if try lowSurrogate(behind: first, at: offset + 6) != nil {
                    offset += 12
                    return
                }
                unfit = Unfit(kind: .surrogate, offset: offset)
            }
            offset += 6
        default: throw failure(.badEscape)
        }
    }

    /// The second half of the pair that `first` begins; nil where none stands at `position`.
    private func lowSurrogate(behind first: UInt32, at position: Int) throws(JSONScanError) -> UInt32? {
        guard first & 0xFC00 == 0xD800, position + 1 < count, base[position] == UInt8(ascii: "\\"),
            base[position + 1] == UInt8(ascii: "u")
        else { return nil }
        let second = try hexQuad(at: position + 2)
        return (0xDC00...0xDFFF).contains(second) ? second : nil
    }

    private func hexQuad(at position: Int) throws(JSONScanError) -> UInt32 {
        guard position + 4 <= count else { throw JSONScanError(code: .endsEarly, offset: count) }
        var value: UInt32 = 0
        for index in position..<(position + 4) {
            guard let digit = hexValue(base[index]) else { throw JSONScanError(code: .badEscape, offset: index) }
            value = value << 4 | digit
        }
        return value
    }

    /// Well-formed UTF-8 as in table 3-7 of the Unicode standard: no overlong form, no surrogate, nothing past
    /// U+10FFFF.
    private mutating func multiByteCharacter(_ lead: UInt8) throws(JSONScanError) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0:
            length = 3
            second = 0xA0...0xBF
        case 0xED:
            length = 3
            second = 0x80...0x9F
        case 0xE1...0xEF: length = 3
        case 0xF0:
            length = 4
            second = 0x90...0xBF
        case 0xF4:
            length = 4
            second = 0x80...0x8F
        case 0xF1...0xF3: length = 4
        default: throw failure(.badUTF8)
        }
        guard offset + length <= count, second.contains(base[offset + 1]) else { throw failure(.badUTF8) }
        for index in 2..<max(2, length) {
            guard base[offset + index] & 0xC0 == 0x80 else { throw failure(.badUTF8) }
        }
        offset += length
    }

    /// Appends the text of a string that this scanner has passed over, its escapes resolved.
    package func appendText(of span: JSONSpan, to text: inout [UInt8]) {
        guard span.hasEscapes else {
            text.append(contentsOf: content(of: span))
            return
        }
        var position = span.start
        while position < span.end {
            let byte = base[position]
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                position += 1
                continue
            }
            let kind = base[position + 1]
            position += 2
            switch kind {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"): appendEscapedScalar(at: &position, to: &text)
            default: text.append(kind)
            }
        }
    }

    /// The text of a string that this scanner has passed over.
    package func text(of span: JSONSpan) -> String {
        var text: [UInt8] = []
        appendText(of: span, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func appendEscapedScalar(at position: inout Int, to text: inout [UInt8]) {
        var value = (try? hexQuad(at: position)) ?? 0xFFFD
        position += 4
        if let low = (try? lowSurrogate(behind: value, at: position)) ?? nil {
            position += 6
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}

/// The value of a hexadecimal digit in either case.
func hexValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
