import EventModel
import Foundation
import Testing
import WriteAheadLog

@testable import Ingest

/// The table of answers, over real sockets.
@Suite struct AnswersTests {
    static let event = #"{"event_type": "page_view", "user_id": "v_1"}"#

    @Test func `a single event is answered 202 once it is durable, and is in the log`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try server.post(Self.event)
            #expect(answer.status == 202)
            #expect(answer.json["accepted"] as? Int == 1)
            #expect((answer.json["rejected"] as? [Any])?.isEmpty == true)
            #expect(answer.verdict == "accepted=1; duplicate=0; bot=0; invalid=0; limited=0; unavailable=0")
            #expect(server.log.durableSequence == server.log.lastSequence)
            #expect(try server.onlyEvent().userID == "v_1")
        }
    }

    @Test func `nothing is answered before the log says durable`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try server.client()
            client.send(TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: Self.event))
            try await log.waitForSequence(1)
            #expect(server.server.verdict.accepted == 0)
            log.makeDurable()
            #expect(try client.response().status == 202)
            #expect(server.server.verdict.accepted == 1)
        }
    }

    @Test func `a refused log is a 503 and acknowledges nothing`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            log.refuse(with: LogError(.full, "no room"))
            let refused = try server.post(
                #"{"events": [\#(Self.event), {"event_type": 1}]}"#, to: "/api/v1/track/batch")
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] == "1")
            #expect(refused.headers["content-type"] == "application/problem+json")
            #expect(refused.verdict == "accepted=0; duplicate=0; bot=0; invalid=1; limited=0; unavailable=1")
            log.refuse(with: nil)
            let client = try server.client()
            client.send(TestClient.text("POST", "/b", headers: TestServer.json, body: Self.event))
            try await log.waitForSequence(1)
            log.fail(1...1)
            let failed = try client.response()
            #expect(failed.status == 503)
            #expect(failed.verdict == "accepted=0; duplicate=0; bot=0; invalid=0; limited=0; unavailable=1")
            #expect(server.server.verdict.accepted == 0 && server.server.verdict.unavailable == 2)
        }
    }

    @Test func `some of a batch bad is 202 with each refused one, all bad is 400`() async throws {
        try await TestServer.run { (server) async throws in
            let some = try server.post(
                #"{"events": [\#(Self.event), {"event_type": "a", "timestamp": 1}, 7]}"#, to: "/api/v1/track/batch")
            #expect(some.status == 202)
            #expect(some.json["accepted"] as? Int == 1)
            let rejected = try #require(some.json["rejected"] as? [[String: Any]])
            #expect(rejected.map { $0["index"] as? Int } == [1, 2])
            #expect(rejected[0]["field"] as? String == "timestamp")
            #expect(some.verdict == "accepted=1; duplicate=0; bot=0; invalid=2; limited=0; unavailable=0")
            let all = try server.post(#"{"events": [{}, {}]}"#, to: "/api/v1/track/batch")
            #expect(all.status == 400)
            #expect((all.json["rejected"] as? [Any])?.count == 2)
            #expect(all.json["field"] as? String == "event_type")
            let single = try server.post("{\"event_type\":\n 5}")
            #expect(single.status == 400)
            #expect(single.headers["content-type"] == "application/problem+json")
            #expect(single.json["byte"] as? Int == 16)
            #expect(try server.events().count == 1)
        }
    }

    @Test(arguments: [
        ("/api/v1/track", "{\"event_type\": }", 15), ("/api/v1/track", "", 0),
        ("/api/v1/track", "{\"event_type\": \"a\"} x", 20),
        ("/api/v1/track/batch", "{\"events\": [{\"event_type\": \"a\"}}", 31),
        ("/b", "Nonsense", 0),
    ])
    func `what is not JSON is a 400 with its byte, and one invalid`(_ path: String, _ body: String, _ byte: Int)
        async throws
    {
        try await TestServer.run { (server) async throws in
            let answer = try server.post(body, to: path)
            #expect(answer.status == 400)
            #expect(answer.json["byte"] as? Int == byte)
            #expect(answer.json["reason"] as? String == "not_json")
            #expect(answer.verdict?.contains("invalid=1") == true)
            #expect(server.log.lastSequence == 0)
        }
    }

    @Test func `an empty batch, one without events and one of over a thousand are 400`() async throws {
        try await TestServer.run { (server) async throws in
            func batch(_ body: String) throws -> (Int, String?) {
                let answer = try server.post(body, to: "/api/v1/track/batch")
                return (answer.status, answer.json["reason"] as? String)
            }
            #expect(try batch(#"{"events": []}"#) == (400, "empty_batch"))
            #expect(try batch(#"{}"#) == (400, "missing_member"))
            #expect(try batch(#"{"events": {}}"#) == (400, "wrong_type"))
            let many = { (count: Int) in
                #"{"events": ["# + [String](repeating: Self.event, count: count).joined(separator: ",") + "]}"
            }
            #expect(try batch(many(1_001)) == (400, "batch_too_long"))
            #expect(try batch(many(1_000)).0 == 202)
            #expect(try server.events().count == 1_000)
        }
    }

    @Test func `the key may stand in four places, and has to be known`() async throws {
        try await TestServer.run { (server) async throws in
            let key = TestServer.publicKey
            #expect(try server.post(Self.event, headers: ["Authorization": "Bearer \(key)"]).status == 202)
            #expect(try server.post(Self.event, to: "/api/v1/track?a=b&k=\(key)", headers: [:]).status == 202)
            let inBody = #"{"event_type": "a", "key": "\#(key)"}"#
            #expect(try server.post(inBody, headers: [:]).status == 202)
            let batch = #"{"events": [\#(Self.event)], "key": "\#(key)"}"#
            #expect(try server.post(batch, to: "/api/v1/track/batch", headers: [:]).status == 202)
            #expect(try server.events().allSatisfy { $0.metadata == "{}" })
            let none = try server.post(Self.event, headers: [:])
            #expect(none.status == 401 && none.json["reason"] as? String == "no_key")
            #expect(none.verdict == "accepted=0; duplicate=0; bot=0; invalid=1; limited=0; unavailable=0")
            let unknown = try server.post(Self.event, headers: ["X-API-Key": "pk_live_other"])
            #expect(unknown.status == 401 && unknown.json["reason"] as? String == "unknown_key")
        }
    }

    @Test func `a page of another origin is a 403, a sub-domain is not`() async throws {
        let domains = ["example.com", "*.shop.example"]
        try await TestServer.run(TestServer.snapshot(domains: domains)) { (server) async throws in
            func status(_ origin: String) throws -> Int {
                try server.post(Self.event, headers: ["X-API-Key": TestServer.publicKey, "Origin": origin]).status
            }
            #expect(try status("https://example.com") == 202)
            #expect(try status("http://EXAMPLE.com:8080") == 202)
            #expect(try status("https://a.b.shop.example") == 202)
            #expect(try status("https://shop.example") == 403)
            #expect(try status("https://evil-example.com") == 403)
            #expect(try status("https://example.com.evil.test") == 403)
            #expect(try status("null") == 403)
            #expect(try server.post(Self.event).status == 202)
        }
    }

    @Test func `CORS answers an origin that any project allows`() async throws {
        try await TestServer.run(TestServer.snapshot(domains: ["*.example.com"])) { (server) async throws in
            let origin = "https://a.example.com"
            let preflight = try server.client().request(
                "OPTIONS", "/b", headers: ["Origin": origin, "Access-Control-Request-Method": "POST"])
            #expect(preflight.status == 204)
            #expect(preflight.headers["access-control-allow-origin"] == origin)
            #expect(preflight.headers["access-control-allow-headers"]?.contains("X-API-Key") == true)
            let other = try server.client().request("OPTIONS", "/b", headers: ["Origin": "https://other.test"])
            #expect(other.status == 403 && other.headers["access-control-allow-origin"] == nil)
            let answer = try server.post(Self.event, headers: ["X-API-Key": TestServer.publicKey, "Origin": origin])
            #expect(answer.headers["access-control-allow-origin"] == origin)
            #expect(answer.headers["access-control-expose-headers"]?.contains("Millrace-Verdict") == true)
        }
    }

    @Test func `bodies have their limits and media types`() async throws {
        try await TestServer.run { (server) async throws in
            let big = { (size: Int) in #"{"event_type": "a", "x": ""# + String(repeating: "x", count: size) + #""}"# }
            #expect(try server.post(big(1 << 20)).status == 413)
            #expect(try server.post(big(1 << 19)).status == 202)
            #expect(try server.post(big(64 << 10), to: "/b").status == 413)
            #expect(try server.post(big(5 << 20), to: "/api/v1/track/batch").status == 413)
            func status(_ type: String, _ path: String) throws -> Int {
                try server.post(
                    Self.event, to: path, headers: ["X-API-Key": TestServer.publicKey, "Content-Type": type]
                ).status
            }
            #expect(try status("application/json; charset=utf-8", "/api/v1/track") == 202)
            #expect(try status("text/plain;charset=UTF-8", "/b") == 204)
            #expect(try status("text/plain", "/api/v1/track") == 415)
            #expect(try status("application/x-www-form-urlencoded", "/b") == 415)
            let packed = ["X-API-Key": TestServer.publicKey, "Content-Encoding": "br"]
            let answer = try server.post(Self.event, headers: packed)
            #expect(answer.status == 415 && answer.json["reason"] as? String == "content_encoding")
        }
    }

    @Test func `the beacon path takes one event or a batch and says 204, also when only some were good`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try server.post(Self.event, to: "/b").status == 204)
            #expect(try server.post(#"{"events": [\#(Self.event), {}]}"#, to: "/b").status == 204)
            #expect(try server.post(#"{"events": [{}]}"#, to: "/b").status == 400)
            #expect(try server.events().count == 2)
        }
    }

    @Test func `other paths and methods say so`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try server.client().request("GET", "/millrace.css").status == 404)
            #expect(try server.post("{}", to: "/v1/batch").status == 404)
            let wrong = try server.client().request("GET", "/api/v1/track")
            #expect(wrong.status == 405 && wrong.headers["allow"] == "POST, OPTIONS")
            let health = try server.client().request("GET", "/health")
            #expect(health.status == 200 && health.json["status"] as? String == "ok")
            #expect(health.json["durable_sequence"] as? Int == 0)
            #expect(try server.client().request("HEAD", "/health").status == 200)
            let metrics = try server.client().request("GET", "/metrics")
            #expect(metrics.body.contains("millrace_events_total{verdict=\"invalid\"} 1"))
            let visitor = try server.client().request("GET", "/metrics", headers: ["X-Forwarded-For": "203.0.113.9"])
            #expect(visitor.status == 403)
        }
    }

    @Test func `a retry of a durable id is a duplicate, also within one batch`() async throws {
        try await TestServer.run { (server) async throws in
            let event = #"{"event_type": "a", "id": "018c0000-0000-7000-8000-000000000001"}"#
            #expect(try server.post(event).verdict?.hasPrefix("accepted=1;") == true)
            let again = try server.post(event)
            #expect(again.status == 202 && again.json["accepted"] as? Int == 0)
            #expect(again.verdict == "accepted=0; duplicate=1; bot=0; invalid=0; limited=0; unavailable=0")
            let other = event.replacingOccurrences(of: "001\"", with: "002\"")
            let batch = try server.post(#"{"events": [\#(other), \#(other)]}"#, to: "/api/v1/track/batch")
            #expect(batch.verdict == "accepted=1; duplicate=1; bot=0; invalid=0; limited=0; unavailable=0")
            #expect(try server.events().count == 2)
        }
    }

    @Test func `an id whose write failed is not remembered`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let event = #"{"event_type": "a", "id": "018c0000-0000-7000-8000-000000000001"}"#
            for (sequence, fails) in [(UInt64(1), true), (2, false)] {
                let client = try server.client()
                client.send(TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: event))
                try await log.waitForSequence(sequence)
                if fails { log.fail(1...1) } else { log.makeDurable() }
                #expect(try client.response().status == (fails ? 503 : 202))
            }
        }
    }

    @Test func `a crawler is kept, counted, and not accepted`() async throws {
        try await TestServer.run { (server) async throws in
            let agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
            let answer = try server.post(Self.event, headers: ["X-API-Key": TestServer.publicKey, "User-Agent": agent])
            #expect(answer.status == 202 && answer.json["accepted"] as? Int == 0)
            #expect(answer.verdict == "accepted=0; duplicate=0; bot=1; invalid=0; limited=0; unavailable=0")
            #expect(try server.onlyEvent().isBot)
        }
    }

    @Test func `sent_at and gpc of a batch hold for events that stand before them`() async throws {
        let now = Timestamp("2025-06-01T12:00:00Z")!
        try await TestServer.run(clock: .fixed(now)) { (server) async throws in
            let body = #"""
                {"events": [{"event_type": "a", "user_id": "u", "timestamp": "2020-01-01T00:00:00Z"}],
                 "sent_at": "2020-01-01T00:00:30Z", "gpc": true}
                """#
            #expect(try server.post(body, to: "/api/v1/track/batch").json["accepted"] as? Int == 1)
            let event = try server.onlyEvent()
            #expect(event.timestamp.description == "2025-06-01T11:59:30.000Z")
            #expect(event.isPrivate && event.userID == nil)
        }
    }

    @Test func `a secret key may bring history and gets no visitor id`() async throws {
        let now = Timestamp("2025-06-01T12:00:00Z")!
        try await TestServer.run(clock: .fixed(now)) { (server) async throws in
            let old = #"{"event_type": "a", "timestamp": "2025-04-01T00:00:00Z"}"#
            #expect(try server.post(old).status == 400)
            #expect(try server.post(old, headers: ["X-API-Key": TestServer.secretKey]).status == 202)
            #expect(try server.onlyEvent().userID == nil)
        }
    }

    @Test func `rates are kept per key and per address, and a batch is accepted while tokens last`() async throws {
        try await TestServer.run(TestServer.snapshot(perKey: 10, perAddress: 4)) { (server) async throws in
            func batch(_ count: Int, key: String, address: String) throws -> TestClient.Response {
                let events = [String](repeating: Self.event, count: count).joined(separator: ",")
                return try server.post(
                    "{\"events\": [\(events)]}", to: "/api/v1/track/batch",
                    headers: ["X-API-Key": key, "X-Forwarded-For": address])
            }
            let first = try batch(6, key: TestServer.publicKey, address: "203.0.113.1")
            #expect(first.status == 202)
            #expect(first.verdict == "accepted=4; duplicate=0; bot=0; invalid=0; limited=2; unavailable=0")
            let rejected = try #require(first.json["rejected"] as? [[String: Any]])
            #expect(rejected.map { $0["index"] as? Int } == [4, 5])
            #expect(rejected.allSatisfy { $0["error"] as? String == "limited" })
            let second = try batch(1, key: TestServer.publicKey, address: "203.0.113.1")
            #expect(second.status == 429)
            #expect(Int(second.headers["retry-after"] ?? "") ?? 0 >= 1)
            let third = try batch(9, key: TestServer.publicKey, address: "203.0.113.2")
            #expect(third.json["accepted"] as? Int == 4)
            let secret = try batch(12, key: TestServer.secretKey, address: "203.0.113.1")
            #expect(secret.json["accepted"] as? Int == 10)
            #expect(try server.events().count == 18)
        }
    }

    @Test func `keys follow the snapshot, and stay where a new one is broken`() async throws {
        try await TestServer.run(nil) { (server) async throws in
            let path = server.options.snapshotFile
            #expect(try server.post(Self.event).status == 401)
            try TestServer.write(TestServer.snapshot(), to: path)
            server.server.tick()
            #expect(try server.post(Self.event).status == 202)
            try Data("{".utf8).write(to: URL(filePath: path), options: .atomic)
            server.server.tick()
            #expect(try server.post(Self.event).status == 202)
            try TestServer.write(ProjectSnapshot(version: 3, projects: []), to: path)
            server.server.tick()
            #expect(try server.post(Self.event).status == 401)
        }
    }

    @Test func `what a visitor is known by comes from the real address and the day's secret`() async throws {
        try await TestServer.run { (server) async throws in
            func post(_ address: String) throws {
                let headers = [
                    "X-API-Key": TestServer.publicKey, "X-Forwarded-For": address, "User-Agent": "Mozilla/5.0 (iPhone)",
                ]
                #expect(try server.post(#"{"event_type": "a"}"#, headers: headers).status == 202)
            }
            try post("203.0.113.1")
            try post("198.51.100.7, 203.0.113.1, 127.0.0.1")
            try post("203.0.113.2")
            let events = try server.events()
            let hashes = events.compactMap(\.ipHash)
            #expect(hashes.count == 3 && hashes[0] == hashes[1] && hashes[0] != hashes[2])
            #expect(events[0].userID == events[1].userID && events[0].userID?.hasPrefix("v_") == true)
            #expect(events[0].userID != events[2].userID)
            #expect(events.allSatisfy { $0.deviceType == "mobile" && $0.userAgent == "Mozilla/5.0 (iPhone)" })
        }
    }

    @Test func `the status file shows what was answered and why`() async throws {
        try await TestServer.run { (server) async throws in
            _ = try server.post(Self.event)
            _ = try server.post(#"{"event_type": "a", "user_id": 5}"#)
            server.server.tick()
            let data = try Data(contentsOf: URL(filePath: server.options.statusFile))
            let status = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(status["program"] as? String == "millraced")
            #expect(status["durable_sequence"] as? Int == 1)
            let beacons = try #require(status["beacons"] as? [String: Any])
            #expect(beacons["accepted"] as? Int == 1 && beacons["invalid"] as? Int == 1)
            #expect((status["refusals"] as? [String: Int]) == ["wrong_type": 1])
            #expect((status["listeners"] as? [String])?.count == 3)
            let sample = try #require(status["refused_sample"] as? [[String: Any]])
            #expect(sample.map { $0["field"] as? String } == ["user_id"])
        }
    }
}
