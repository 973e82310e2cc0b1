import EventModel
import Foundation
import Testing

@testable import Ingest

/// What of an event is kept, and in which form: unknown members, URLs, and what Global Privacy Control leaves.
@Suite struct KeptTests {
    @Test(arguments: [
        (#""x": 1.0e1"#, #"{"x":1.0e1}"#), (#""x\u0020": "\u00fc""#, #"{"x\u0020":"\u00fc"}"#),
        (#""x": 1, "x": 2"#, #"{"x":1,"x":2}"#), (#""metadata": { "m" : 1 }"#, #"{ "m" : 1 }"#),
        (#""metadata": {}, "x": null"#, #"{"x":null}"#), (#""metadata": { }, "x": [ ]"#, #"{"x":[ ]}"#),
        (#""metadata": {"m": 1 }, "x": {"y" : 2}"#, #"{"m": 1,"x":{"y" : 2}}"#),
        (#""coordinates": {"x": 1, "y": 2, "z": 3}"#, #"{"coordinates.z":3}"#),
        (#""viewport_size": {"width": 1, "height": 2, "dpr": 2}"#, #"{"viewport_size.dpr":2}"#),
        (#""session": {"zone": "UTC"}"#, #"{"session.zone":"UTC"}"#),
        (#""exit": {"reason": "close", "by": 1}"#, #"{"exit.by":1}"#),
        (#""funnel": {"name": "n", "step": "s", "order": 1, "of": 3}"#, #"{"funnel.of":3}"#),
        (#""variant": {"test_id": "t", "variant": "A", "v": 1}"#, #"{"variant.v":1}"#),
        (#""event_data": {"x": 1}"#, "{}"), (#""Event_Type": "b""#, #"{"Event_Type":"b"}"#),
    ])
    func `unknown members are kept in metadata as they came`(_ members: String, _ metadata: String) throws {
        let event = try #require(try EventRulesTests.read(#"{"event_type": "a", \#(members)}"#).1)
        #expect(event.metadata == metadata)
    }

    @Test(arguments: ["url", "page_url", "referrer", "session.landing_page", "exit.page"])
    func `each URL loses what it should not carry`(_ path: String) throws {
        func kept(_ url: String, _ keepQuery: [String] = []) throws -> String? {
            let json = MemberTableTests.event(path, "\"\(url)\"")
            let event = try #require(try EventRulesTests.read(json, keepQuery: keepQuery).1)
            return switch path {
            case "referrer": event.referrer
            case "session.landing_page": event.landingPage
            case "exit.page": event.exit?.page
            default: event.pageURL
            }
        }
        #expect(try kept("https://a.b/c?mail=x&utm_term=1&ref=2&token=3") == "https://a.b/c?utm_term=1&ref=2")
        #expect(try kept("/c?utmx=1&UTM_a=2&refer=3&Ref=4&xref=5&utm=6") == "/c")
        #expect(try kept("/c?utm_=&ref") == "/c?utm_=&ref")
        #expect(try kept("/c?&&ref=1&") == "/c?ref=1")
        #expect(try kept("/c?") == "/c")
        #expect(try kept("/c?q=1&Q=2&p=3", ["q", "p"]) == "/c?q=1&p=3")
        #expect(try kept("/c?a=1&b&=x", ["*"]) == "/c?a=1&b")
        #expect(try kept(#"/c\u003fmail=x\u0026ref=1"#) == "/c?ref=1")
        #expect(try kept("/c#token=1") == "/c")
        #expect(try kept("/c#") == "/c")
        #expect(try kept("/c?ref=1#/r?mail=x&ref=2") == "/c?ref=1#/r?ref=2")
        #expect(try kept("/c#!r?mail=x") == "/c#!r")
        #expect(try kept("/c#/a#b") == "/c#/a#b")
        #expect(try kept("https://user:word@a.b/c?ref=1#/r") == "https://a.b/c?ref=1#/r")
    }

    @Test(arguments: [
        ("https://user:word@a.b/c", "https://a.b/c"), ("https://user@a.b", "https://a.b"),
        ("HTTPS://:word@a.b:8/c@d", "HTTPS://a.b:8/c@d"), ("//user:word@a.b/c", "//a.b/c"),
        ("https://a@b:c@d@e.f?ref=1", "https://e.f?ref=1"), ("ftp://user:wo:rd@[::1]:21/", "ftp://[::1]:21/"),
        ("android-app://user@org.example/c", "android-app://org.example/c"),
        // As browsers read them.
        (#"https:\\\\user:word@a.b\\c@d"#, #"https:\\a.b\c@d"#), ("https:/user:word@a.b/c", "https:/a.b/c"),
        ("https:user:word@a.b/c", "https:a.b/c"), ("https:////user:word@a.b/c", "https:////a.b/c"),
        (" https://user:word@a.b/c", " https://a.b/c"),
        // No name and no password.
        ("https://a.b/@c", "https://a.b/@c"), ("https://a.b?ref=c@d", "https://a.b?ref=c@d"),
        ("https://a.b#/@c", "https://a.b#/@c"), ("/c/@d", "/c/@d"), ("c@d", "c@d"), ("@", "@"), ("", ""),
        ("file:///c/@d", "file:///c/@d"), ("mailto:c@d.e", "mailto:c@d.e"),
    ])
    func `no URL keeps the name and the password of a user`(_ url: String, _ kept: String) throws {
        for gpc in ["true", "false"] {
            let json = #"""
                {"event_type": "a", "url": "\#(url)", "referrer": "\#(url)", "session": {"landing_page": "\#(url)"},
                 "exit": {"page": "\#(url)", "reason": "close"}, "gpc": \#(gpc)}
                """#
            let event = try #require(try EventRulesTests.read(json).1)
            let page = gpc == "true" ? String(kept.prefix { $0 != "?" }) : kept
            #expect(event.pageURL == page && (event.referrer ?? "") == page)
            guard gpc == "false" else { continue }
            #expect((event.landingPage ?? "") == kept && (event.exit?.page ?? "") == kept)
        }
    }

    @Test func `the page is url or page_url, which have to agree, and empty without`() throws {
        func page(_ members: String) throws -> String? {
            try EventRulesTests.read(#"{"event_type": "a"\#(members)}"#).1?.pageURL
        }
        #expect(try page("") == "")
        #expect(try page(#", "url": """#) == "")
        #expect(try page(#", "page_url": "/p""#) == "/p")
        #expect(try page(#", "url": "/p", "page_url": "\/p""#) == "/p")
        #expect(try page(#", "url": null, "page_url": "/p""#) == "/p")
        #expect(try page(#", "url": "/p", "page_url": "/q""#) == nil)
    }

    /// Everything that a person could be known by, each with the mark `PRIVATE`.
    private static let personal = #"""
        {"event_type": "a", "user_id": "PRIVATE", "session_id": "PRIVATE", "element_text": "PRIVATE",
         "url": "/p?ref=PRIVATE&utm_id=PRIVATE#/r?ref=PRIVATE", "referrer": "/r?ref=PRIVATE",
         "properties": {"PRIVATE": "PRIVATE"}, "session": {"landing_page": "PRIVATE", "screen_resolution": "PRIVATE",
         "language": "PRIVATE", "device_type": "tablet", "zone": "PRIVATE"},
         "exit": {"page": "PRIVATE", "reason": "close", "x": "PRIVATE"},
         "funnel": {"name": "PRIVATE", "step": "PRIVATE", "order": 1, "x": "PRIVATE"},
         "variant": {"test_id": "PRIVATE", "variant": "A", "x": "PRIVATE"}, "metadata": {"m": 1}, "gpc": GPC}
        """#

    @Test func `with Global Privacy Control nothing of a person reaches the record`() throws {
        func record(_ gpc: String, header: Bool = false) throws -> (event: Event, text: String) {
            let json = Self.personal.replacingOccurrences(of: "GPC", with: gpc)
            let event = try #require(
                try EventRulesTests.read(json) {
                    $0.isPrivate = header
                    $0.sender.userAgent = Array("PRIVATE".utf8)
                    $0.sender.ipHash = Array("PRIVATE".utf8)
                    $0.sender.visitorID = Array("PRIVATE".utf8)
                }.1)
            return (event, String(decoding: event.encoded(), as: UTF8.self))
        }
        for (event, text) in [try record("true"), try record("false", header: true), try record("null", header: true)] {
            #expect(!text.contains("PRIVATE"))
            #expect(event.isPrivate && event.deviceType == nil && event.exit == nil && event.metadata == #"{"m": 1}"#)
            #expect(event.pageURL == "/p#/r" && event.referrer == "/r")
        }
        #expect(try record("false").text.split(separator: "PRIVATE").count == 23)
    }
}
