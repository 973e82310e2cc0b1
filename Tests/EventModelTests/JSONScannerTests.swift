import EventModel
import Foundation
import Testing

@Suite struct JSONScannerTests {
    /// The error a text gives, nil where it is JSON.
    private func error(_ text: String, depth: Int = 8) -> JSONScanError? { error(Array(text.utf8), depth: depth) }

    private func error(_ bytes: [UInt8], depth: Int = 8) -> JSONScanError? {
        bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, maximumDepth: depth)
            do throws(JSONScanError) {
                _ = try scanner.value()
                try scanner.finish()
                return nil
            } catch { return error }
        }
    }

    @Test(arguments: [
        "{}", "[]", "null", "true", "false", "0", "-0", "1.5e3", "1E-400", "\"\"", " {\"a\" : [1 , 2]}\n",
        "\"\\u0000\"",
        "\"\\ud83d\\uDE00\"", "\"ü€😀\"", "[[],[{}],{}]", "{\"\":{\"\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}}",
    ])
    func `what the grammar allows is read`(_ text: String) { #expect(error(text) == nil) }

    @Test(arguments: [
        ("", JSONScanError.Code.endsEarly, 0), ("{", .endsEarly, 1), ("{\"a\"", .endsEarly, 4),
        ("{\"a\":1,}", .unexpectedByte, 7), ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1),
        ("[1 2]", .unexpectedByte, 3), ("{a:1}", .unexpectedByte, 1), ("{\"a\" 1}", .unexpectedByte, 5),
        ("tru", .endsEarly, 3), ("trux", .unexpectedByte, 3), ("01", .trailingBytes, 1), ("1.", .endsEarly, 2),
        ("1.x", .badNumber, 2), ("-", .endsEarly, 1), ("-a", .badNumber, 1), (".5", .unexpectedByte, 0),
        ("1e999", .badNumber, 0), ("17636838e8717", .badNumber, 0), ("\"a", .endsEarly, 2),
        ("\"\u{1}\"", .badString, 1),
        ("\"12345678\u{1F}\"", .badString, 9), ("\"\\x\"", .badEscape, 1), ("\"\\u12G4\"", .badEscape, 5),
        ("\"\\ud800\\u00g0\"", .badEscape, 11), ("\"\\ud800\\x\"", .badEscape, 7), ("\"\\ud800\\u00", .endsEarly, 11),
        ("{} {}", .trailingBytes, 3), ("[1}", .unexpectedByte, 2), ("\u{FEFF}{}", .unexpectedByte, 0),
    ])
    func `what the grammar forbids is refused with its place`(_ text: String, _ code: JSONScanError.Code, _ byte: Int) {
        #expect(error(text).map { [$0.code] } == [code])
        #expect(error(text)?.offset == byte)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xC3], [0xFF],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused`(_ bytes: [UInt8]) {
        let text = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        #expect(error(text)?.code == .badUTF8)
        #expect(String(validating: bytes, as: UTF8.self) == nil)
    }

    @Test func `containers are counted up to the limit`() {
        let deep = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        #expect(error(deep(8)) == nil)
        #expect(error(deep(9))?.code == .tooDeep)
        #expect(error(deep(64), depth: 1_000) == nil)
        #expect(error(deep(65), depth: 1_000)?.code == .tooDeep)
        let mixed = "{\"a\":[{\"b\":[{\"c\":[{\"d\":[1]}]}]}]}"
        #expect(error(mixed) == nil)
        #expect(error(mixed, depth: 7)?.code == .tooDeep)
    }

    @Test func `members and elements are pulled with their places`() throws {
        let text = #"{"a": "x\ny", "b": [1, 2.5, {"c": null}], "\u0064": -12}"#
        try Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            try scanner.openObject()
            let first = try #require(try scanner.nextMember())
            #expect(scanner.text(of: first) == "a")
            #expect(scanner.text(of: try scanner.value()) == "x\ny")
            #expect(scanner.text(of: try #require(try scanner.nextMember())) == "b")
            try scanner.openArray()
            #expect(try scanner.nextElement())
            #expect(scanner.integer(try scanner.value()) == 1)
            #expect(try scanner.nextElement())
            #expect(scanner.double(try scanner.value()) == 2.5)
            #expect(try scanner.nextElement())
            let inner = try scanner.value()
            #expect(inner.kind == .object)
            #expect(String(decoding: scanner.content(of: inner), as: UTF8.self) == #"{"c": null}"#)
            #expect(try !scanner.nextElement())
            #expect(scanner.text(of: try #require(try scanner.nextMember())) == "d")
            let number = try scanner.value()
            #expect(scanner.integer(number) == -12)
            #expect(try scanner.nextMember() == nil)
            try scanner.finish()
            #expect(scanner.deepest == 3)
        }
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "123456789012345", "9007199254740993", "0.1", "-1234.5678", "1e3",
        "1.7976931348623157e308",
        "5e-324", "0.30000000000000004", "99999999999999999999", "123456789.12345678", "3.141592653589793",
    ])
    func `numbers are read as Swift reads them`(_ text: String) {
        Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            guard let span = try? scanner.value() else { Issue.record("no number"); return }
            #expect(scanner.double(span) == Double(text))
        }
    }

    @Test func `whole numbers keep all of 64 bits, others give nil`() {
        func integer(_ text: String) -> Int64? {
            Array(text.utf8).withUnsafeBytes { bytes in
                var scanner = JSONScanner(bytes)
                return (try? scanner.value()).flatMap { scanner.integer($0) }
            }
        }
        #expect(integer("9223372036854775807") == .max)
        #expect(integer("-9223372036854775808") == .min)
        #expect(integer("9223372036854775808") == nil)
        #expect(integer("2.0") == 2)
        #expect(integer("1e3") == 1_000)
        #expect(integer("2.5") == nil)
    }

    @Test func `random documents and their mutations are judged as Foundation judges them`() throws {
        var random = SplitMix(state: 0x5EED)
        var refused = 0
        for _ in 0..<4_000 {
            var bytes = Array(Self.document(&random, depth: 0).utf8)
            #expect(error(bytes, depth: 64) == nil)
            if !bytes.isEmpty, random.next() % 4 != 0 {
                for _ in 0...(random.next() % 2) {
                    let at = Int(random.next() % UInt64(bytes.count))
                    switch random.next() % 3 {
                    case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                    case 1: bytes.insert(Array("{}[]\",:\\u0e+-1".utf8)[Int(random.next() % 14)], at: at)
                    default: if bytes.count > 1 { bytes.remove(at: at) }
                    }
                }
            }
            let ours = error(bytes, depth: 64)
            if ours != nil { refused += 1 }
            guard Self.isComparable(bytes, ours), !hasUnfitEscape(bytes) else { continue }
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            let verdicts = "\(String(decoding: bytes, as: UTF8.self)): \(ours.map(\.description) ?? "good")"
            #expect((ours == nil) == (theirs != nil), Comment(rawValue: verdicts))
        }
        #expect(refused > 500)
    }

    /// Half of a surrogate pair is in the grammar; Foundation refuses it, the scanner notes it.
    private func hasUnfitEscape(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, maximumDepth: 64)
            _ = try? scanner.value()
            return scanner.unfit != nil
        }
    }

    /// Where Foundation is not strict: other encodings than UTF-8 are guessed from zero bytes and byte order marks, and
    /// numbers out of a double's range may pass.
    private static func isComparable(_ bytes: [UInt8], _ ours: JSONScanError?) -> Bool {
        !bytes.contains(0) && bytes.first != 0xEF && bytes.first != 0xFE && bytes.first != 0xFF
            && ours?.code != .badNumber
    }

    private static func document(_ random: inout SplitMix, depth: Int) -> String {
        switch random.next() % (depth > 4 ? 5 : 7) {
        case 0: return ["true", "false", "null"][Int(random.next() % 3)]
        case 1: return String(Int64(truncatingIfNeeded: random.next()) % 100_000)
        case 2: return "\(Double(random.next() % 1_000_000) / 1_000)"
        case 3, 4: return text(&random)
        case 5:
            return "["
                + (0..<Int(random.next() % 4)).map { _ in document(&random, depth: depth + 1) }
                .joined(separator: " , ") + "]"
        default:
            return "{"
                + (0..<Int(random.next() % 4)).map { "\"k\($0)\": " + document(&random, depth: depth + 1) }
                .joined(separator: ",") + "}"
        }
    }

    private static func text(_ random: inout SplitMix) -> String {
        let parts = ["a", "bcdefghijk", "ü", "€", "😀", "\\n", "\\\"", "\\u00e9", "\\ud83d\\ude00", " ", "/", "\\/"]
        return "\"" + (0..<Int(random.next() % 12)).map { _ in parts[Int(random.next() % 12)] }.joined() + "\""
    }
}

/// A small generator with a seed. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators".
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
