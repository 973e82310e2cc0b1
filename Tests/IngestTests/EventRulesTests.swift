import EventModel
import Foundation
import Testing

@testable import Ingest
@testable import WriteAheadLog

/// The rules of one event, without sockets.
@Suite struct EventRulesTests {
    static let now = Timestamp("2025-06-01T12:00:00.000Z")!

    /// Reads one event; the result and what would stand in the log.
    static func read(
        _ json: String, keepQuery: [String] = [], kind: ProjectSnapshot.Kind = .public,
        _ change: (inout EventContext) -> Void = { _ in }
    ) throws -> (EventReader.Result, Event?) {
        try read(Array(json.utf8), keepQuery: keepQuery, kind: kind, change)
    }

    static func read(
        _ json: [UInt8], keepQuery: [String] = [], kind: ProjectSnapshot.Kind = .public,
        _ change: (inout EventContext) -> Void = { _ in }
    ) throws -> (EventReader.Result, Event?) {
        let directory = KeyDirectory(
            TestServer.snapshot(keepQuery: keepQuery), eventsPerMinutePerKey: 0, eventsPerMinutePerAddress: 0)
        let key = kind == .public ? TestServer.publicKey : TestServer.secretKey
        let entry = try #require(Array(key.utf8).withUnsafeBytes { directory.entry(forKey: $0) })
        var context = EventContext(
            key: entry, receivedAt: now, maxAgeMilliseconds: 7 * Day.milliseconds, sender: Sender())
        context.sender.visitorID = Array("v_day".utf8)
        context.sender.ipHash = Array("hash".utf8)
        context.sender.userAgent = Array("Mozilla/5.0 Firefox".utf8)
        context.sender.deviceType = "desktop"
        change(&context)
        var reader = EventReader { _ in false }
        let log = CapturedBatch()
        let result = try json.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, maximumDepth: JSONScanner.deepestLimit)
            let result = try reader.read(&scanner, &context, into: &log.batch)
            try scanner.finish()
            return result
        }
        return (result, try log.events().first)
    }

    static func refusal(_ json: String) throws -> Refusal? {
        if case (.refused(let refusal), let event) = try read(json) {
            #expect(event == nil)
            return refusal
        }
        return nil
    }

    @Test(arguments: [
        (#"{}"#, Refusal.Reason.missingMember, "event_type"),
        (#"{"event_type": null}"#, .missingMember, "event_type"),
        (#"{"event_type": ""}"#, .missingMember, "event_type"),
        (#"{"event_type": 5}"#, .wrongType, "event_type"),
        (#"{"event_type": "a", "event_type": "a"}"#, .repeatedMember, "event_type"),
        (#"{"event_type": "a", "event\u005ftype": "a"}"#, .repeatedMember, "event_type"),
        (#"{"event_type": "a", "user_id": ""}"#, .missingMember, "user_id"),
        (#"{"event_type": "a", "user_id": 7}"#, .wrongType, "user_id"),
        (#"{"event_type": "a", "session_id": []}"#, .wrongType, "session_id"),
        (#"{"event_type": "a", "id": "x"}"#, .wrongValue, "id"),
        (#"{"event_type": "a", "id": 1}"#, .wrongType, "id"),
        (#"{"event_type": "a", "timestamp": "yesterday"}"#, .wrongValue, "timestamp"),
        (#"{"event_type": "a", "timestamp": "2025-06-01T12:00:00"}"#, .wrongValue, "timestamp"),
        (#"{"event_type": "a", "timestamp": 1e300}"#, .wrongValue, "timestamp"),
        (#"{"event_type": "a", "timestamp": true}"#, .wrongType, "timestamp"),
        (#"{"event_type": "a", "timestamp": "2025-05-25T11:59:59.999Z"}"#, .tooOld, "timestamp"),
        (#"{"event_type": "a", "timestamp": "2025-06-01T12:05:00.001Z"}"#, .inFuture, "timestamp"),
        (#"{"event_type": "a", "sent_at": {}}"#, .wrongType, "sent_at"),
        (#"{"event_type": "a", "coordinates": [1, 2]}"#, .wrongType, "coordinates"),
        (#"{"event_type": "a", "coordinates": {"x": "1", "y": 2}}"#, .wrongType, "coordinates.x"),
        (#"{"event_type": "a", "coordinates": {"x": 1}}"#, .missingMember, "coordinates.y"),
        (#"{"event_type": "a", "viewport_size": {"height": 1}}"#, .missingMember, "viewport_size.width"),
        (#"{"event_type": "a", "event_data": "x"}"#, .wrongType, "event_data"),
        (#"{"event_type": "a", "event_data": {"hesitation_ms": 1.5}}"#, .wrongType, "event_data.hesitation_ms"),
        (#"{"event_type": "a", "event_data": {"percentage": 101}}"#, .wrongValue, "event_data.percentage"),
        (#"{"event_type": "a", "event_data": {"duration_ms": "1"}}"#, .wrongType, "event_data.duration_ms"),
        (#"{"event_type": "a", "metadata": 1}"#, .wrongType, "metadata"),
        (#"{"event_type": "a", "properties": []}"#, .wrongType, "properties"),
        (#"{"event_type": "a", "properties": {"a": 1, "\u0061": 2}}"#, .repeatedMember, "properties"),
        (#"{"event_type": "a", "session": "s"}"#, .wrongType, "session"),
        (#"{"event_type": "a", "session": {"device_type": "watch"}}"#, .wrongValue, "session.device_type"),
        (#"{"event_type": "a", "session": {"language": 1}}"#, .wrongType, "session.language"),
        (#"{"event_type": "a", "session": {"language": "a", "language": "b"}}"#, .repeatedMember, "session.language"),
        (#"{"event_type": "a", "exit": {"reason": "bored"}}"#, .wrongValue, "exit.reason"),
        (#"{"event_type": "a", "exit": {"page": "/"}}"#, .missingMember, "exit.reason"),
        (#"{"event_type": "a", "funnel": {"name": "f", "step": "s"}}"#, .missingMember, "funnel.order"),
        (#"{"event_type": "a", "funnel": {"name": "f", "step": "s", "order": 1.5}}"#, .wrongType, "funnel.order"),
        (#"{"event_type": "a", "variant": {"test_id": "t", "variant": "C"}}"#, .wrongValue, "variant.variant"),
        (#"{"event_type": "a", "variant": {"test_id": "t"}}"#, .missingMember, "variant.variant"),
        (#"{"event_type": "a", "gpc": 1}"#, .wrongType, "gpc"),
        (#"{"event_type": "a", "url": "a", "page_url": "b"}"#, .repeatedMember, "page_url"),
        (#"{"event_type": "a", "element_text": "a\u0000"}"#, .nulCharacter, "element_text"),
        (#"{"event_type": "a", "properties": {"a": "\u0000"}}"#, .nulCharacter, "properties"),
    ])
    func `a broken event is refused with its field`(_ json: String, _ reason: Refusal.Reason, _ field: String) throws {
        let refusal = try Self.refusal(json)
        #expect(refusal?.reason == reason)
        #expect(refusal?.field == field)
    }

    @Test(arguments: [
        ("event_type", 100), ("user_id", 255), ("session_id", 255), ("url", 2_048), ("referrer", 2_048),
        ("element_path", 1_024), ("element_text", 1_024), ("component_id", 255), ("element_type", 255),
    ])
    func `each text has its limit in characters`(_ field: String, _ limit: Int) throws {
        func json(_ count: Int) -> String {
            let text = String(repeating: "ü", count: count)
            return field == "event_type"
                ? #"{"event_type": "\#(text)"}"# : #"{"event_type": "a", "\#(field)": "\#(text)"}"#
        }
        #expect(try Self.refusal(json(limit)) == nil)
        let refusal = try Self.refusal(json(limit + 1))
        #expect(refusal?.reason == .tooLong)
        #expect(refusal?.field == field)
    }

    @Test func `properties have their limits`() throws {
        func json(_ count: Int, _ size: Int) -> String {
            let members = (0..<count).map {
                "\"k\(String(format: "%03d", $0))\": \"\(String(repeating: "v", count: size))\""
            }
            return #"{"event_type": "a", "properties": {\#(members.joined(separator: ","))}}"#
        }
        #expect(try Self.refusal(json(64, 10)) == nil)
        #expect(try Self.refusal(json(65, 10))?.reason == .tooLong)
        #expect(try Self.refusal(json(1, 8_188)) == nil)
        #expect(try Self.refusal(json(1, 8_189))?.reason == .tooLong)
    }

    @Test func `an event may hold eight containers in each other, counting itself`() throws {
        func json(_ count: Int) -> String {
            #"{"event_type": "a", "x": "# + String(repeating: "[", count: count) + String(repeating: "]", count: count)
                + "}"
        }
        #expect(try Self.refusal(json(7)) == nil)
        #expect(try Self.refusal(json(8))?.reason == .tooDeep)
    }

    @Test func `what is no object is no event`() throws {
        #expect(try Self.refusal("[]")?.reason == .wrongType)
        #expect(try Self.refusal("\"a\"")?.reason == .wrongType)
    }

    @Test func `everything that a beacon may carry arrives`() throws {
        let json = #"""
            {"id": "018C0000-0000-7000-8000-000000000001", "event_type": "page_view", "user_id": "v_8f",
             "session_id": "s_1", "timestamp": "2025-06-01T11:00:00.123+00:00", "url": "https://example.com/page",
             "referrer": "https://a.example/",
             "properties": {"plan": "pro", "n": 1.50, "o": {"a": [1]}, "q": "\"\u00fc"},
             "element_path": "main > form", "element_type": "button", "element_text": "Buy\n", "component_id": "hero",
             "coordinates": {"x": 10, "y": 20.5}, "viewport_size": {"width": 1280, "height": 720},
             "event_data": {"hesitation_ms": 2300, "percentage": 50}, "metadata": {"m": 1},
             "session": {"landing_page": "https://example.com/", "screen_resolution": "2560x1440", "language": "en-GB",
                         "device_type": "tablet", "zone": "UTC"},
             "exit": {"page": "https://example.com/x", "reason": "close"},
             "funnel": {"name": "lead_capture", "step": "form", "order": 2},
             "variant": {"test_id": "hero_cta", "variant": "B"}, "extra": [1, "x"], "key": "pk_live_secret"}
            """#
        let (result, read) = try Self.read(json)
        let event = try #require(read)
        #expect(result == .accepted)
        #expect(event.id.description == "018c0000-0000-7000-8000-000000000001")
        #expect(event.projectID == TestServer.project)
        #expect(event.receivedAt == Self.now)
        #expect(event.timestamp.description == "2025-06-01T11:00:00.123Z")
        #expect([event.eventType, event.userID, event.sessionID] == ["page_view", "v_8f", "s_1"])
        #expect([event.pageURL, event.referrer] == ["https://example.com/page", "https://a.example/"])
        let values = ["plan": "pro", "n": "1.50", "o": #"{"a": [1]}"#, "q": "\"ü"]
        #expect(Dictionary(uniqueKeysWithValues: event.properties.map { ($0.name, $0.value) }) == values)
        #expect([event.elementPath, event.elementType, event.elementText] == ["main > form", "button", "Buy\n"])
        #expect(event.componentID == "hero")
        #expect(event.coordinates == .init(x: 10, y: 20.5))
        #expect(event.viewport == .init(width: 1_280, height: 720))
        #expect(event.eventData == #"{"hesitation_ms": 2300, "percentage": 50}"#)
        #expect(event.hesitationMilliseconds == 2_300)
        #expect(event.scrollPercentage == 50)
        #expect(event.metadata == #"{"m": 1,"session.zone":"UTC","extra":[1, "x"]}"#)
        #expect(
            [event.landingPage, event.screenResolution, event.language] == [
                "https://example.com/", "2560x1440", "en-GB",
            ])
        #expect(event.deviceType == "tablet")
        #expect(event.exit == .init(page: "https://example.com/x", reason: .close))
        #expect(event.funnel == .init(name: "lead_capture", step: "form", order: 2))
        #expect(event.variant == .init(testID: "hero_cta", variant: "B"))
        #expect(event.ipHash == "hash")
        #expect(event.userAgent == "Mozilla/5.0 Firefox")
        #expect(!event.isBot && !event.isPrivate)
    }

    @Test func `what is absent or null is given or left out`() throws {
        let (_, first) = try Self.read(
            #"{"event_type": "a", "user_id": null, "session": null, "url": null, "id": null}"#)
        let event = try #require(first)
        #expect(event.userID == "v_day")
        #expect(event.sessionID == nil)
        #expect(event.pageURL == "")
        #expect(event.timestamp == Self.now)
        #expect(event.deviceType == "desktop")
        #expect(event.id.high >> 12 & 0xF == 7)
        #expect(Int64(event.id.high >> 16) == Self.now.milliseconds)
        #expect(event.metadata == "{}" && event.eventData == "{}")
        let (_, second) = try Self.read(#"{"event_type": "a"}"#, kind: .secret)
        #expect(try #require(second).userID == nil)
    }

    @Test func `a browser's clock is corrected before it is judged`() throws {
        func time(_ json: String) throws -> String? { try Self.read(json).1?.timestamp.description }
        #expect(try time(#"{"event_type": "a", "timestamp": 1748779200123}"#) == "2025-06-01T12:00:00.000Z")
        #expect(try time(#"{"event_type": "a", "timestamp": 1748775600123.9}"#) == "2025-06-01T11:00:00.123Z")
        #expect(
            try time(#"{"event_type": "a", "timestamp": "2025-06-01T12:05:00.000Z"}"#) == "2025-06-01T12:00:00.000Z")
        #expect(
            try time(#"{"event_type": "a", "timestamp": "2025-05-25T12:00:00.000Z"}"#) == "2025-05-25T12:00:00.000Z")
        let wrong = #"{"event_type": "a", "timestamp": "2031-01-01T00:00:10Z", "sent_at": "2031-01-01T00:01:10Z"}"#
        #expect(try time(wrong) == "2025-06-01T11:59:00.000Z")
    }

    @Test func `of a URL's query only what the project wants is kept`() throws {
        func url(_ text: String, keep: [String] = []) throws -> String? {
            try Self.read(#"{"event_type": "a", "url": "\#(text)"}"#, keepQuery: keep).1?.pageURL
        }
        #expect(
            try url("https://a.example/p?token=1&utm_source=x&ref=y&mail=z#top")
                == "https://a.example/p?utm_source=x&ref=y")
        #expect(try url("https://a.example/p?token=1") == "https://a.example/p")
        #expect(try url("https://a.example/p?q=1&token=2", keep: ["q"]) == "https://a.example/p?q=1")
        #expect(try url("https://a.example/p?q=1&&token=2", keep: ["*"]) == "https://a.example/p?q=1&token=2")
        #expect(try url("https://a.example/#/cart?token=1&ref=2") == "https://a.example/#/cart?ref=2")
        #expect(try url("https://a.example/#!x") == "https://a.example/#!x")
        #expect(try url("https://a.example/?ref=1#frag?x") == "https://a.example/?ref=1")
    }

    @Test func `Global Privacy Control leaves nothing of a person`() throws {
        let json = #"""
            {"event_type": "purchase", "gpc": true, "user_id": "u", "session_id": "s", "element_text": "Ann",
             "url": "https://a.example/?utm_source=x#/r?ref=1", "properties": {"a": "b"}, "element_path": "p",
             "session": {"landing_page": "https://a.example/", "language": "de"}, "exit": {"reason": "close"},
             "funnel": {"name": "f", "step": "s", "order": 1}, "variant": {"test_id": "t", "variant": "A"}}
            """#
        let event = try #require(try Self.read(json).1)
        #expect(event.isPrivate)
        #expect(event.eventType == "purchase" && event.elementPath == "p")
        #expect(event.pageURL == "https://a.example/#/r")
        #expect(event.userID == nil && event.sessionID == nil && event.ipHash == nil && event.userAgent == nil)
        #expect(event.elementText == nil && event.properties.isEmpty && event.funnel == nil && event.variant == nil)
        #expect(event.landingPage == nil && event.exit == nil && event.language == nil && event.deviceType == nil)
        let (_, byHeader) = try Self.read(#"{"event_type": "a", "user_id": "u"}"#) { $0.isPrivate = true }
        #expect(try #require(byHeader).userID == nil)
    }

    @Test func `random events are read as Foundation reads them`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let texts = ["plain", "ü€😀", "a\"b\\c\n", "/x/", ""]
            var object: [String: Any] = ["event_type": "e" + (texts.randomElement(using: &random) ?? "")]
            for name in ["element_text", "element_path", "referrer", "component_id"] where Bool.random(using: &random) {
                object[name] = texts.randomElement(using: &random)
            }
            if Bool.random(using: &random) { object["coordinates"] = ["x": Double.random(in: -1e4...1e4), "y": 3] }
            object["properties"] = Dictionary(
                uniqueKeysWithValues: (0..<Int.random(in: 0..<5)).map { ("k\($0)\(texts[$0])", texts[$0]) })
            let data = try JSONSerialization.data(withJSONObject: object)
            let event = try #require(try Self.read(String(decoding: data, as: UTF8.self)).1)
            func text(_ name: String) -> String? { (object[name] as? String).flatMap { $0.isEmpty ? nil : $0 } }
            #expect(event.eventType == text("event_type"))
            #expect(event.elementText == text("element_text"))
            #expect(event.elementPath == text("element_path"))
            #expect(event.referrer == text("referrer"))
            #expect(event.componentID == text("component_id"))
            #expect(event.coordinates?.x == (object["coordinates"] as? [String: Any])?["x"] as? Double)
            let properties = Dictionary(uniqueKeysWithValues: event.properties.map { ($0.name, $0.value) })
            #expect(properties == object["properties"] as? [String: String])
        }
    }
}

/// A batch whose records a test can read back.
final class CapturedBatch {
    var batch = RecordBatch()

    func events() throws -> [Event] {
        var events: [Event] = []
        try batch.bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let size = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
                events.append(
                    try Event(record: UnsafeRawBufferPointer(rebasing: bytes[(start + 4)..<(start + 4 + size)])))
                start += 4 + size
            }
        }
        return events
    }
}
