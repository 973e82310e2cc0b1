import EventModel
import Foundation
import Testing

@testable import Ingest

/// What the specification says of bodies, batches, keys and origins, over real sockets.
@Suite struct BodyRulesTests {
    static let event = #"{"event_type": "a", "user_id": "u"}"#
    static let now = Timestamp("2025-06-01T12:00:00Z")!

    @Test(arguments: [
        (#"{"events": [E], "gpc": "true"}"#, "gpc", "wrong_type"), (#"{"events": [E], "gpc": 1}"#, "gpc", "wrong_type"),
        (#"{"gpc": true, "events": [E], "gpc": false}"#, "gpc", "repeated_member"),
        (#"{"events": [E], "sent_at": true}"#, "sent_at", "wrong_type"),
        (#"{"events": [E], "sent_at": "now"}"#, "sent_at", "wrong_value"),
        (#"{"sent_at": 1748779200000, "events": [E], "sent\u005fat": 1748779200000}"#, "sent_at", "repeated_member"),
        (#"{"events": [E], "key": 5}"#, "key", "wrong_type"),
        (#"{"key": "a", "key": "b", "events": [E]}"#, "key", "repeated_member"),
        (#"{"events": [E], "events": [E]}"#, "events", "repeated_member"),
        (#"{"events": null}"#, "events", "wrong_type"), (#"{"event": [E]}"#, "events", "missing_member"),
        (#"[E]"#, nil, "wrong_type"), (#""E""#, nil, "wrong_type"),
    ])
    func `a batch whose own members are wrong is refused whole, with the member`(
        _ body: String, _ field: String?, _ reason: String
    ) async throws {
        try await TestServer.run(clock: .fixed(Self.now)) { (server) async throws in
            let text = body.replacingOccurrences(of: "E", with: body.hasPrefix("\"") ? "E" : Self.event)
            let answer = try server.post(text, to: "/api/v1/track/batch")
            #expect(answer.status == 400 && answer.json["reason"] as? String == reason)
            #expect(answer.json["field"] as? String == field)
            #expect(answer.verdict == "accepted=0; duplicate=0; bot=0; invalid=1; limited=0; unavailable=0")
            #expect(server.log.lastSequence == 0)
        }
    }

    @Test func `a batch's members may be null, and an event's own sent_at goes before the batch's`() async throws {
        try await TestServer.run(clock: .fixed(Self.now)) { (server) async throws in
            let body = #"""
                {"gpc": null, "key": null, "sent_at": "2025-06-01T11:00:00Z", "future": {}, "events": [
                 {"event_type": "a", "timestamp": "2025-06-01T10:00:00Z"},
                 {"event_type": "b", "timestamp": "2025-06-01T10:00:00Z", "sent_at": "2025-06-01T11:59:00Z"},
                 {"event_type": "c", "timestamp": "2025-06-01T10:00:00Z", "sent_at": null}]}
                """#
            #expect(try server.post(body, to: "/api/v1/track/batch").status == 202)
            let times = try server.events().map { $0.timestamp.description.dropFirst(11).prefix(5) }
            #expect(times == ["11:00", "10:01", "11:00"])
        }
    }

    @Test func `half a character in one event costs that event, not its batch`() async throws {
        try await TestServer.run { (server) async throws in
            let cut = #"{"event_type": "click", "element_text": "Buy \ud83d"}"#
            let answer = try server.post(#"{"events": [\#(Self.event), \#(cut)]}"#, to: "/api/v1/track/batch")
            #expect(answer.status == 202)
            let rejected = try #require(answer.json["rejected"] as? [[String: Any]])
            #expect(rejected.count == 1 && rejected[0]["field"] as? String == "element_text")
        }
    }

    @Test(arguments: [("/api/v1/track", 1 << 20), ("/api/v1/track/batch", 5 << 20), ("/b", 64 << 10)])
    func `a body may be as long as its limit, and not a byte longer`(_ path: String, _ limit: Int) async throws {
        try await TestServer.run { (server) async throws in
            let event = path.hasSuffix("batch") ? #"{"events": [\#(Self.event)]}"# : Self.event
            for (size, isTaken) in [(limit, true), (limit + 1, false)] {
                let body = event + String(repeating: " ", count: size - event.utf8.count)
                let answer = try server.post(body, to: path)
                #expect(answer.status == (isTaken ? (path == "/b" ? 204 : 202) : 413))
                #expect(answer.verdict?.contains(isTaken ? "accepted=1" : "invalid=1") == true)
            }
        }
    }

    @Test(arguments: [
        ("/b", "application/json", 204), ("/b", "text/plain", 204), ("/b", "TEXT/PLAIN ; charset=utf-8", 204),
        ("/b", "text/html", 415), ("/b", "", 204), ("/api/v1/track", "Application/JSON", 202),
        ("/api/v1/track", "application/jsonx", 415), ("/api/v1/track", "text/json", 415),
        ("/api/v1/track/batch", "text/plain", 415),
    ])
    func `media types are known in every spelling, and others are a 415`(
        _ path: String, _ type: String, _ status: Int
    ) async throws {
        try await TestServer.run { (server) async throws in
            let body = path.hasSuffix("batch") ? #"{"events": [\#(Self.event)]}"# : Self.event
            let answer = try server.post(
                body, to: path, headers: ["X-API-Key": TestServer.publicKey, "Content-Type": type])
            #expect(answer.status == status)
            #expect(status != 415 || answer.verdict?.contains("invalid=1") == true)
        }
    }

    @Test func `the beacon path takes its key from the query or the body, in every form`() async throws {
        try await TestServer.run { (server) async throws in
            let key = #""key": "pk_live_public""#
            let plain = ["Content-Type": "text/plain;charset=UTF-8"]
            for (target, body) in [
                ("/b?k=pk_live_public", Self.event), ("/b?x=1&k=pk_live_public&y", Self.event),
                ("/b", #"{"event_type": "a", \#(key)}"#), ("/b", #"{\#(key), "events": [\#(Self.event)]}"#),
                ("/b", #"{"events": [\#(Self.event)], \#(key)}"#),
                ("/b", #"{"event_type": "a", "\u006bey": "pk_live\u005fpublic"}"#),
            ] {
                let answer = try server.client().request("POST", target, headers: plain, body: body)
                #expect(answer.status == 204, "\(target) \(body)")
            }
            for (target, body) in [
                ("/b?K=pk_live_public", Self.event), ("/b?kk=pk_live_public", Self.event),
                ("/b", #"{"events": [{"event_type": "a", \#(key)}]}"#), ("/b?k=", Self.event),
            ] {
                let answer = try server.client().request("POST", target, headers: plain, body: body)
                #expect(answer.status == 401, "\(target) \(body)")
            }
            #expect(try server.events().count == 6)
        }
    }

    @Test func `one batch with every verdict says each number`() async throws {
        try await TestServer.run(TestServer.snapshot(perKey: 3)) { (server) async throws in
            let id = #""id": "018c0000-0000-7000-8000-000000000001""#
            let events = [
                #"{"event_type": "a", \#(id)}"#, #"{"event_type": "a", \#(id)}"#, #"{"event_type": ""}"#, Self.event,
                Self.event,
            ]
            let body = #"{"events": [\#(events.joined(separator: ","))]}"#
            let answer = try server.post(body, to: "/api/v1/track/batch")
            #expect(answer.verdict == "accepted=2; duplicate=1; bot=0; invalid=1; limited=1; unavailable=0")
            let rejected = try #require(answer.json["rejected"] as? [[String: Any]])
            #expect(rejected.map { $0["index"] as? Int } == [2, 4])
            #expect(answer.status == 202 && answer.json["accepted"] as? Int == 2)
            #expect(try server.events().count == 2)
        }
    }

    @Test func `Sec-GPC is one alone, and holds for all events of the request`() async throws {
        try await TestServer.run { (server) async throws in
            for (value, isPrivate) in [("1", true), ("0", false), ("true", false)] {
                let headers = ["X-API-Key": TestServer.publicKey, "Sec-GPC": value]
                let body = #"{"events": [\#(Self.event), \#(Self.event)]}"#
                #expect(try server.post(body, to: "/b", headers: headers).status == 204)
                let events = try server.events().suffix(2)
                #expect(events.allSatisfy { $0.isPrivate == isPrivate && ($0.userID == nil) == isPrivate })
            }
        }
    }

    @Test func `a preflight asks all projects, the request its own`() async throws {
        var snapshot = TestServer.snapshot(domains: ["one.example"])
        let key = ProjectSnapshot.Key(keyID: "key_3", kind: .public, hash: sha256("pk_two"))
        snapshot.projects.append(
            .init(projectID: ProjectID(rawValue: "proj_two"), name: "Two", domains: ["*.two.example"], keys: [key]))
        try await TestServer.run(snapshot) { (server) async throws in
            for path in ["/api/v1/track", "/api/v1/track/batch", "/b"] {
                for (origin, status) in [
                    ("https://one.example", 204), ("https://a.two.example", 204), ("https://two.example", 403),
                    ("https://three.example", 403), ("null", 403),
                ] {
                    let answer = try server.client().request("OPTIONS", path, headers: ["Origin": origin])
                    #expect(answer.status == status, "\(path) \(origin)")
                    #expect(answer.headers["access-control-allow-origin"] == (status == 204 ? origin : nil))
                }
            }
            for (key, origin, status) in [
                (TestServer.publicKey, "https://one.example", 202),
                (TestServer.publicKey, "https://a.two.example", 403),
                ("pk_two", "https://a.two.example", 202), ("pk_two", "https://one.example", 403),
            ] {
                let answer = try server.post(Self.event, headers: ["X-API-Key": key, "Origin": origin])
                #expect(answer.status == status)
                #expect(status == 202 || answer.verdict?.contains("invalid=1") == true)
            }
            #expect(try Set(server.events().map(\.projectID.rawValue)) == ["proj_0123456789ab", "proj_two"])
        }
    }

    @Test func `an id is unique within its project alone, and one in flight is not yet known`() async throws {
        var snapshot = TestServer.snapshot()
        let key = ProjectSnapshot.Key(keyID: "key_3", kind: .public, hash: sha256("pk_two"))
        snapshot.projects.append(
            .init(projectID: ProjectID(rawValue: "proj_two"), name: "Two", domains: [], keys: [key]))
        let event = #"{"event_type": "a", "id": "018c0000-0000-7000-8000-000000000001"}"#
        try await TestServer.run(snapshot) { (server) async throws in
            #expect(try server.post(event).verdict?.hasPrefix("accepted=1;") == true)
            #expect(try server.post(event, headers: ["X-API-Key": "pk_two"]).verdict?.hasPrefix("accepted=1;") == true)
            #expect(try server.post(event, headers: ["X-API-Key": "pk_two"]).verdict?.contains("duplicate=1") == true)
        }
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let clients = [try server.client(), try server.client()]
            for client in clients {
                client.send(TestClient.text("POST", "/b", headers: TestServer.json, body: event))
            }
            try await log.waitForSequence(2)
            log.makeDurable()
            for client in clients { #expect(try client.response().verdict?.hasPrefix("accepted=1;") == true) }
        }
    }
}
