import EventModel
import Foundation
import Testing
import WriteAheadLog

@testable import Ingest

/// Each event that was sent is in one number, and its sender was told in which.
@Suite struct AccountingTests {
    private static let event = AnswersTests.event
    private static let names = ["accepted", "duplicate", "bot", "invalid", "limited", "unavailable"]

    /// The numbers of a header `Millrace-Verdict`.
    private static func numbers(_ header: String?) throws -> [String: Int] {
        let parts = try #require(header).components(separatedBy: "; ").map { $0.components(separatedBy: "=") }
        #expect(parts.map { $0[0] } == names)
        return Dictionary(uniqueKeysWithValues: parts.map { ($0[0], Int($0[1]) ?? -1) })
    }

    /// Requests that bring nothing, each refused for another reason.
    private static let refused: [(status: Int, request: String)] = [
        (404, TestClient.text("POST", "/nothing/here", body: "{}")),
        (405, TestClient.text("POST", "/health", body: "{}")),
        (405, TestClient.text("POST", "/millrace.js", body: "{}")),
        (405, TestClient.text("PUT", "/api/v1/track", headers: TestServer.json, body: event)),
        (401, TestClient.text("POST", "/api/v1/track", body: event)),
        (400, TestClient.text("POST", "/b", headers: TestServer.json, body: "nonsense")),
        (415, TestClient.text("POST", "/b", headers: ["Content-Type": "image/png"], body: event)),
        (413, TestClient.text("POST", "/b", headers: ["Content-Length": "70000"])),
        (501, TestClient.text("POST", "/b", headers: ["Transfer-Encoding": "gzip, chunked"])),
        (505, "POST /b HTTP/2.0\r\nHost: a\r\n\r\n"),
        (417, TestClient.text("POST", "/b", headers: ["Expect": "something"])),
        (400, "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        (431, "POST /b HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000)),
    ]

    @Test func `whatever refuses a POST, its answer has a verdict of one invalid, which is counted`() async throws {
        try await TestServer.run { (server) async throws in
            for (status, request) in Self.refused {
                let client = try server.client()
                client.send(request)
                let answer = try client.response()
                #expect(answer.status == status, "\(request.prefix(60))")
                #expect(
                    answer.verdict == "accepted=0; duplicate=0; bot=0; invalid=1; limited=0; unavailable=0",
                    "\(request.prefix(60))")
                #expect(answer.headers["date"]?.hasSuffix(" GMT") == true && answer.headers["server"] == nil)
            }
            #expect(server.server.verdict.invalid == Self.refused.count)
            #expect(server.server.verdict.received == Self.refused.count)
        }
    }

    @Test func `a request that came too slowly is one invalid too`() async throws {
        try await TestServer.run(change: { $0.bounds.bodyTimeout = .milliseconds(1) }) { (server) async throws in
            let client = try server.client()
            client.send("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
            let answer = try client.response()
            #expect(answer.status == 408)
            #expect(try Self.numbers(answer.verdict)["invalid"] == 1)
            #expect(server.server.verdict.invalid == 1)
        }
    }

    @Test func `a request without room is unavailable, for it may be sent again`() async throws {
        try await TestServer.run(change: { $0.bounds.bufferedBytes = 1 }) { (server) async throws in
            let client = try server.client()
            let size = 200_000
            client.send("POST /api/v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            client.send(String(repeating: " ", count: size - 1))
            let answer = try client.response()
            #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
            #expect(try Self.numbers(answer.verdict)["unavailable"] == 1)
            #expect(server.server.verdict.unavailable == 1 && server.server.verdict.received == 1)
        }
    }

    @Test func `who only asks has no verdict and is not counted`() async throws {
        try await TestServer.run { (server) async throws in
            for (method, target) in [
                ("GET", "/nothing"), ("GET", "/api/v1/track"), ("HEAD", "/b"), ("OPTIONS", "/nothing"),
                ("OPTIONS", "/b"), ("GET", "/health"), ("GET", "/metrics"), ("GET", "/millrace.js"),
            ] {
                let answer = try server.client().request(method, target)
                #expect(answer.verdict == nil, "\(method) \(target)")
                #expect(answer.headers["date"]?.hasSuffix(" GMT") == true, "\(method) \(target)")
            }
            #expect(server.server.verdict.received == 0)
        }
    }

    @Test func `after a mixture the counters are the sum of what senders were told, and refusals have a reason each`()
        async throws
    {
        let snapshot = TestServer.snapshot(perKey: 12)
        try await TestServer.run(snapshot) { (server) async throws in
            var told: [String: Int] = [:]
            func note(_ answer: TestClient.Response) throws {
                told.merge(try Self.numbers(answer.verdict), uniquingKeysWith: +)
            }
            let id = #"{"id": "018c0000-0000-7000-8000-000000000001", "event_type": "a"}"#
            try note(server.post(id))
            try note(server.post(id))
            try note(
                server.post(
                    Self.event, headers: ["X-API-Key": TestServer.publicKey, "User-Agent": "Googlebot/2.1"]))
            try note(server.post(#"{"events": [\#(Self.event), {}, 7, \#(Self.event)]}"#, to: "/api/v1/track/batch"))
            for (_, request) in Self.refused {
                let client = try server.client()
                client.send(request)
                try note(client.response())
            }
            let many = [String](repeating: Self.event, count: 30).joined(separator: ",")
            try note(server.post(#"{"events": [\#(many)]}"#, to: "/api/v1/track/batch"))
            try note(server.post(Self.event))
            let counted = Dictionary(uniqueKeysWithValues: server.server.verdict.named)
            #expect(counted == told)
            #expect(told["accepted"] == 3 + 7 && told["duplicate"] == 1 && told["bot"] == 1 && told["limited"] == 24)
            let metrics = try server.client().request("GET", "/metrics").body
            for (name, count) in told {
                #expect(metrics.contains("millrace_events_total{verdict=\"\(name)\"} \(count)\n"))
            }
            let reasons = metrics.split(separator: "\n").filter { $0.hasPrefix("millrace_refusals_total{") }
            #expect(reasons.count == Refusal.Reason.allCases.count)
            let sum = reasons.compactMap { Int($0.split(separator: " ")[1]) }.reduce(0, +)
            #expect(sum == (told["invalid"] ?? 0) + (told["limited"] ?? 0) + (told["unavailable"] ?? 0))
        }
    }

    @Test func `metrics tell the open connections, the bytes held and whether the log refuses`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            func gauge(_ name: String) throws -> Int? {
                let lines = try server.client().request("GET", "/metrics").body.split(separator: "\n")
                return lines.first { $0.hasPrefix("millrace_\(name) ") }.flatMap { Int($0.split(separator: " ")[1]) }
            }
            #expect(try gauge("buffered_bytes") == 0)
            #expect(try gauge("log_refusing") == 0)
            log.refuse(with: LogError(.full, "no room"))
            #expect(try gauge("log_refusing") == 1)
            let slow = try server.client()
            slow.send("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"event_type\":")
            for _ in 0..<1_000 where try await server.server.bufferedBytes() == 0 { await Task.yield() }
            #expect(try gauge("buffered_bytes") == (try await server.server.bufferedBytes()))
            #expect(try #require(try gauge("connections")) >= 2)
            slow.endSending()
        }
    }

    @Test func `the sample keeps the last hundred refusals, and nothing of who sent them or what`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let secrets = ["eve@example.com", "198.51.100.7", "Mozilla/5.0 (Eve)", "shop.example/reset?token=tok"]
            let body = """
                {"event_type": 1, "user_id": "\(secrets[0])", "url": "https://\(secrets[3])"}
                """
            let headers = [
                "X-API-Key": TestServer.publicKey, "X-Forwarded-For": secrets[1], "User-Agent": secrets[2],
            ]
            for _ in 0..<101 {
                #expect(try client.request("POST", "/api/v1/track", headers: headers, body: body).status == 400)
            }
            _ = try client.request("POST", "/nothing?mail=\(secrets[0])", headers: headers, body: body)
            server.server.tick()
            let data = try Data(contentsOf: URL(filePath: server.options.statusFile))
            let status = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            let sample = try #require(status["refused_sample"] as? [[String: Any]])
            #expect(sample.count == 100)
            #expect(sample.last?["reason"] as? String == "malformed_request")
            #expect(sample.first?["field"] as? String == "event_type")
            #expect(sample.first?["project_id"] as? String == TestServer.project.rawValue)
            let text = String(decoding: data, as: UTF8.self)
            for secret in secrets { #expect(!text.contains(secret), "\(secret)") }
            let beacons = try #require(status["beacons"] as? [String: Any])
            #expect(beacons["invalid"] as? Int == 102)
            #expect((beacons["since"] as? String).flatMap { Timestamp($0) } != nil)
            #expect(Set(beacons.keys) == Set(Self.names + ["since"]))
        }
    }
}
