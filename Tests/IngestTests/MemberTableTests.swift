import EventModel
import Foundation
import Testing

@testable import Ingest

/// Each member of an event by each rule that concerns it: one table a rule.
@Suite struct MemberTableTests {
    /// A good value for each member, by its path.
    static let good: [String: String] = [
        "id": #""018c0000-0000-7000-8000-000000000001""#, "event_type": #""a""#, "user_id": #""u""#,
        "session_id": #""s""#, "timestamp": #""2025-06-01T11:00:00Z""#, "sent_at": #""2025-06-01T12:00:00Z""#,
        "url": #""/u""#, "page_url": #""/u""#, "referrer": #""/r""#, "properties": #"{"p": "v"}"#,
        "element_path": #""p""#, "element_type": #""t""#, "element_text": #""x""#, "component_id": #""c""#,
        "coordinates": #"{"x": 1, "y": 2}"#, "coordinates.x": "1", "coordinates.y": "2",
        "viewport_size": #"{"width": 1, "height": 2}"#, "viewport_size.width": "1", "viewport_size.height": "2",
        "event_data": "{}", "event_data.hesitation_ms": "1", "event_data.percentage": "1",
        "event_data.duration_ms": "1", "event_data.message": #""m""#, "metadata": "{}", "session": "{}",
        "session.landing_page": #""/l""#, "session.screen_resolution": #""1x1""#, "session.language": #""en""#,
        "session.device_type": #""mobile""#, "exit": #"{"reason": "close"}"#, "exit.page": #""/e""#,
        "exit.reason": #""close""#, "funnel": #"{"name": "n", "step": "s", "order": 1}"#, "funnel.name": #""n""#,
        "funnel.step": #""s""#, "funnel.order": "1", "variant": #"{"test_id": "t", "variant": "A"}"#,
        "variant.test_id": #""t""#, "variant.variant": #""B""#, "gpc": "true", "key": #""k""#,
    ]
    static let paths = good.keys.sorted()

    /// An event that is good but for the member, which holds `value`, in an object that is good but for it.
    static func event(_ path: String, _ value: String, again: String? = nil) -> String {
        let parts = path.split(separator: ".").map(String.init)
        let name = parts[parts.count - 1]
        let member = "\"\(name)\": \(value)" + (again.map { ", \($0): \(value)" } ?? "")
        guard parts.count == 2 else {
            return path == "event_type" ? "{\(member)}" : #"{"event_type": "a", \#(member)}"#
        }
        let others = paths.filter { $0.hasPrefix(parts[0] + ".") && $0 != path }
            .map { "\"\($0.split(separator: ".")[1])\": \(good[$0] ?? "")" }
        let object = "{" + ([member] + others).joined(separator: ", ") + "}"
        return #"{"event_type": "a", "\#(parts[0])": \#(object)}"#
    }

    @Test(arguments: paths)
    func `a known member is taken once, and refused where it stands twice, however it is spelt`(_ path: String) throws {
        let value = try #require(Self.good[path])
        let name = String(path.split(separator: ".").last ?? "")
        #expect(try EventRulesTests.refusal(Self.event(path, value)) == nil)
        let escaped = "\"\\u00" + String(name.utf8.first ?? 0, radix: 16) + name.dropFirst() + "\""
        for again in ["\"\(name)\"", escaped] {
            let refusal = try EventRulesTests.refusal(Self.event(path, value, again: again))
            #expect(refusal?.reason == .repeatedMember && refusal?.field == path)
        }
    }

    @Test(arguments: paths)
    func `a value of another type is refused with its field`(_ path: String) throws {
        let isText = Self.good[path]?.hasPrefix("\"") == true
        let kinds = ["{}", "[]", "7", "true", #""text""#].filter { kind in
            switch path {
            case "timestamp", "sent_at": kind != "7" && kind != #""text""#
            case "gpc": kind != "true"
            default:
                isText
                    ? kind != #""text""#
                    : Self.good[path]?.hasPrefix("{") == true ? kind != "{}" : kind != "7"
            }
        }
        for kind in kinds {
            let refusal = try EventRulesTests.refusal(Self.event(path, kind))
            #expect(refusal?.reason == .wrongType && refusal?.field == path, "\(kind)")
        }
    }

    @Test(arguments: paths)
    func `an optional member may be null, a required one may not`(_ path: String) throws {
        let refusal = try EventRulesTests.refusal(Self.event(path, "null"))
        let required = [
            "event_type", "coordinates.x", "coordinates.y", "viewport_size.width", "viewport_size.height",
            "exit.reason", "funnel.name", "funnel.step", "funnel.order", "variant.test_id", "variant.variant",
        ]
        #expect(refusal?.reason == (required.contains(path) ? .missingMember : nil))
        #expect(refusal == nil || refusal?.field == path)
    }

    @Test(arguments: NaiveEvent.texts.map { ($0.path, $0.most, $0.mayBeEmpty) })
    func `each text has its limit in characters, however they are spelt`(
        _ path: String, _ most: Int, _ mayBeEmpty: Bool
    ) throws {
        for character in ["a", "ü", "😀", #"\u00fc"#, #"\ud83d\ude00"#, #"\n"#] {
            let text = { (count: Int) in "\"" + String(repeating: character, count: count) + "\"" }
            #expect(try EventRulesTests.refusal(Self.event(path, text(most))) == nil, "\(character)")
            let refusal = try EventRulesTests.refusal(Self.event(path, text(most + 1)))
            #expect(refusal?.reason == .tooLong && refusal?.field == path, "\(character)")
        }
        let empty = try EventRulesTests.refusal(Self.event(path, #""""#))
        #expect(empty?.reason == (mayBeEmpty ? nil : .missingMember))
    }

    @Test(arguments: paths)
    func `a text with NUL or half a surrogate pair is refused with its field`(_ path: String) throws {
        let field = String(path.prefix { $0 != "." })
        for (escape, reason) in [("\\u0000", Refusal.Reason.nulCharacter), ("\\ud83d", .wrongValue)] {
            guard Self.good[path]?.hasPrefix("\"") == true else { continue }
            let refusal = try EventRulesTests.refusal(Self.event(path, "\"\(escape)\""))
            #expect(refusal?.reason == reason && refusal?.field == field)
        }
    }

    @Test func `what is wrong with an unknown member is not blamed on a known one`() throws {
        for escape in ["\\u0000", "\\ud83d"] {
            for event in [
                #"{"x": "\#(escape)", "event_type": "a"}"#, #"{"event_type": "a", "x": {"y": ["\#(escape)"]}}"#,
                #"{"event_type": "a", "x\#(escape)": 1, "url": "/"}"#,
            ] {
                let refusal = try #require(try EventRulesTests.refusal(event))
                #expect(refusal.field == nil)
            }
        }
    }

    @Test(arguments: [
        (#""018C0000-0000-7000-8000-00000000000F""#, true), (#""018c0000-0000-7000-8000-00000000000\u0046""#, true),
        (#""00000000-0000-0000-0000-000000000000""#, true), (#""018c000000007000800000000000000f""#, false),
        (#""{018c0000-0000-7000-8000-00000000000f}""#, false), (#""018c0000-0000-7000-8000-00000000000g""#, false),
        (#""018c0000 0000-7000-8000-00000000000f""#, false), (#""""#, false),
    ])
    func `an id is a UUID in its usual form`(_ id: String, _ isTaken: Bool) throws {
        let refusal = try EventRulesTests.refusal(Self.event("id", id))
        #expect(refusal?.reason == (isTaken ? nil : .wrongValue))
    }

    @Test func `a timestamp may be spelt with escapes, as some writers do with plus`() throws {
        let event = try EventRulesTests.read(Self.event("timestamp", #""2025-06-01T13:00:00\u002B02:00""#)).1
        #expect(event?.timestamp == Timestamp("2025-06-01T11:00:00Z"))
    }

    @Test(arguments: [
        ("1.50", "1.50"), ("true", "true"), ("null", "null"), ("-0", "-0"), ("1e5", "1e5"), (#""\u00fc""#, "ü"),
        ("12345678901234567890", "12345678901234567890"), (#"{"a" : [ 1 ]}"#, #"{"a" : [ 1 ]}"#), (#""""#, ""),
        (#"["\u00fc"]"#, #"["\u00fc"]"#),
    ])
    func `a property that is no text is kept as its JSON text`(_ value: String, _ kept: String) throws {
        let event = try EventRulesTests.read(Self.event("properties", #"{"p\u0020": \#(value)}"#)).1
        #expect(event?.properties == [.init(name: "p ", value: kept)])
    }

    @Test func `properties are measured in UTF-8 bytes of what is kept`() throws {
        func refusal(_ members: String) throws -> Refusal? {
            try EventRulesTests.refusal(Self.event("properties", "{\(members)}"))
        }
        let umlauts = { (count: Int) in String(repeating: "ü", count: count) }
        #expect(try refusal("\"kk\": \"\(umlauts(4_095))\"") == nil)
        #expect(try refusal("\"kk\": \"\(umlauts(4_095))a\"")?.field == "properties")
        let escapes = { (count: Int) in String(repeating: #"\u0041"#, count: count) }
        #expect(try refusal("\"kk\": \"\(escapes(8_190))\"") == nil)
        #expect(try refusal("\"kk\": \"\(escapes(8_191))\"")?.reason == .tooLong)
        #expect(try refusal("\"kk\": [\(String(repeating: " ", count: 8_188))]") == nil)
        #expect(try refusal("\"kk\": [\(String(repeating: " ", count: 8_189))]")?.reason == .tooLong)
        #expect(try refusal("\"\(umlauts(4_095))\": 12") == nil)
        #expect(try refusal("\"\(umlauts(4_095))\": 123")?.reason == .tooLong)
    }
}
