import EventModel

extension BeaconGenerator {
    mutating func space() -> String {
        random.happens(75) ? "" : random.pick([" ", "\n", "\r\n", "\t", "  \n ", "                "])
    }

    mutating func number() -> String {
        switch random.below(8) {
        case 0: return "\(random.below(3_000))"
        case 1: return "-\(random.below(3_000))"
        case 2: return "\(Double(random.below(1_000_000)) / 1_000)"
        case 3: return "\(random.next())"
        case 4: return "\(Double(bitPattern: random.next() & 0xBFEF_FFFF_FFFF_FFFF))"
        default: return random.pick(random.happens(4) ? Self.brokenNumbers : Self.numbers)
        }
    }

    private static let brokenNumbers = [
        "1e400", "-1e400", "1.8e308", "17636838e8717", "01", "1.", "+1", ".5", "1e", "1e+", "-", "--1", "0x10", "NaN",
        "Infinity", "1_000", String(repeating: "9", count: 310),
    ]

    private static let numbers = [
        "0", "-0", "-0.0", "0e0", "1E+2", "1e-2", "1.5e3", "9007199254740993", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e308", "5e-324", "1e-400", "0.1",
        "123456789012345678901234567890", "2.5", "2.0", "1748779200000", "100.00000000000001",
        "0." + String(repeating: "0", count: 320) + "1",
    ]

    mutating func moment() -> String {
        let near = receivedAt + Int64(random.below(20 * 86_400_000)) - 12 * 86_400_000
        let edges: [Int64] = [0, 1, 300_000, 300_001, -604_800_000, -604_800_001, -1]
        let time = random.happens(40) ? receivedAt + random.pick(edges) : near
        let text = Timestamp(milliseconds: time).description
        switch random.below(8) {
        case 0: return "\(time)"
        case 1: return "\(time).9"
        case 2:
            return quoted(String(text.dropLast()) + random.pick(["+00:00", "-0000", "+02", "z", "", "+2:00", " Z"]))
        case 3: return quoted(random.pick(Self.moments))
        case 4: return random.pick(["1e300", "-1", "0", "253402300800000", "-2208988800001", "1e15", "1.7e12"])
        default: return quoted(text)
        }
    }

    private static let moments = [
        "2025-06-01", "2025-06-01T12:00:00", "2025-06-01T12:00Z", "2025-06-01 11:00:00Z", "2025-06-01t11:00:00,5z",
        "2025-05-31T23:59:60Z", "2025-06-01T24:00:00Z", "2025-02-29T00:00:00Z", "2024-02-29T00:00:00Z",
        "2025-06-01T11:59:59.9999999999Z", "2025-06-01T11:59:59.123456789Z", "2025-W22-7T00:00:00Z", "now", "",
        "9999-12-31T23:59:59.999Z", "1899-12-31T23:59:59.999Z", "1748779200000", "0000-01-01T00:00:00Z",
        "2025-06-01T13:00:00+01:60", "2025-06-01T13:00:00+01:30", "2025-06-01T05:30:00-06:30", "٢025-06-01T12:00:00Z",
    ]

    /// One that may name a user before its host.
    private mutating func userURL() -> String {
        random.pick(["https:", "HTTP:", "x-y:", "é:", ""]) + random.pick(["//", "/", "", "///", #"\\"#])
            + random.pick(["user@", "user:word@", "a@b:c@", "ü:/@", "?@", ""]) + random.pick(["a.b", "a.b/c@d"])
    }

    mutating func url() -> String {
        if random.happens(3) { return text(2_040...2_056) }
        var url = random.pick(["https://example.com", "", "http://ü.example/ä", "/path", "https://[::1]:80/"])
        if random.happens(15) { url = userURL() }
        url += random.pick(["", "/", "/page", "/a b"])
        if random.happens(60) { url += "?" + query() }
        if random.happens(40) { url += "#" + random.pick(["", "top", "/", "/cart", "!x", "!/r", "?x", "%2F"]) }
        if random.happens(15) { url += "?" + query() + random.pick(["", "#", "#/again?ref=1"]) }
        return url
    }

    private mutating func query() -> String {
        var parts: [String] = []
        for _ in 0..<random.below(5) {
            parts.append(
                random.pick([
                    "utm_source", "utm_", "utm", "UTM_x", "ref", "refer", "Ref", "token", "q", "", "utm%5Fx", "é",
                ])
                    + random.pick(["=1", "=", "", "=a=b", "=%20", "=ü"]))
        }
        return parts.joined(separator: random.pick(["&", "&", "&&", ";"]))
    }

    /// A text whose length lies in the range, near its ends more often than not; rarely beyond them.
    mutating func text(_ lengths: ClosedRange<Int>) -> String {
        var count = lengths.lowerBound + random.below(min(12, lengths.count))
        if random.happens(4) { count = lengths.upperBound - random.below(2) }
        if random.happens(2) { count = lengths.upperBound + 1 }
        if random.happens(1) { count = 0 }
        let plain = random.happens(60)
        var text = ""
        for _ in 0..<count {
            text.unicodeScalars.append(plain ? random.pick(Self.plain) : random.pick(Self.scalars))
        }
        return text
    }

    private static let plain = Array("abcdefghijklmnopqrstuvwxyz ABC_-.0123456789/".unicodeScalars)
    private static let scalars = Array(
        ("aZ0 \"\\/\u{8}\u{C}\n\r\t\u{1}\u{1F}\u{7F}\u{80}ü€\u{2028}\u{FEFF}\u{FFFF}"
            + "😀\u{10FFFF}e\u{301}").unicodeScalars)

    /// A JSON string that holds the text, each character spelt in one of the ways there are.
    mutating func quoted(_ text: String) -> String {
        let often = random.pick([0, 0, 5, 60])
        var spelt = "\""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustEscape ? random.below(2_000) > 0 : random.happens(often) {
                spelt += escaped(scalar)
            } else {
                spelt.unicodeScalars.append(scalar)
            }
        }
        if random.below(500) == 0 { spelt += random.pick(Self.oddEscapes) }
        return spelt + "\""
    }

    private static let oddEscapes = [
        "\\u0000", "\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00", "\\ud83dx", "\\u12", "\\x41",
        "\\U0041",
        "\\u00g0", "\\", "\\ud83d\\n", "\\ud83d\\", "\\ude00\\ud83d", "\\'", "\\0",
    ]

    private mutating func escaped(_ scalar: Unicode.Scalar) -> String {
        let short: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\u{8}": "\\b", "\u{C}": "\\f", "\n": "\\n", "\r": "\\r",
            "\t": "\\t",
        ]
        if let escape = short[scalar], random.happens(70) { return escape }
        var text = ""
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16, uppercase: random.happens(50))
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        return text
    }
}
