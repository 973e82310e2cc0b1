import EventModel
import Foundation
import Synchronization
import Testing
import WriteAheadLog

@testable import Ingest

/// `POST /api/v1/track/stream`.
@Suite struct HTTPStreamTests {
    static let path = "/api/v1/track/stream"
    static let key = ["X-API-Key": TestServer.publicKey]
    static let line = "{\"event_type\": \"a\"}\n"

    static func head(_ headers: [String: String] = key, _ target: String = path, chunked: Bool = true) -> String {
        var text = "POST \(target) HTTP/1.1\r\nHost: a\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return text + (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n")
    }

    static func chunk(_ text: String) -> String { String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n" }

    @Test func `lines are answered like the stream socket's, and the connection serves on`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let headers = [
                "X-API-Key": TestServer.publicKey, "User-Agent": "Mozilla/5.0 (iPhone)",
                "X-Forwarded-For": "203.0.113.1", "Content-Type": "application/x-ndjson; charset=utf-8",
            ]
            let body = Self.line + "{\"event_type\": 5}\n" + "{\"event_type\": \"b\"}"
            let answer = try client.request("POST", Self.path, headers: headers, body: body)
            #expect(answer.status == 200 && answer.headers["content-type"] == "application/x-ndjson")
            #expect(answer.headers["transfer-encoding"] == "chunked" && answer.verdict == nil)
            let streamed = client.streamed()
            #expect(streamed.acked == 3 && streamed.refused == [2] && streamed.fields == ["event_type"])
            let events = try server.events()
            #expect(events.map(\.eventType) == ["a", "b"])
            #expect(events.allSatisfy { $0.ipHash != nil && $0.userID?.hasPrefix("v_") == true })
            #expect(events.allSatisfy { $0.deviceType == "mobile" })
            #expect(
                try client.request("POST", "/b", headers: headers.filter { $0.key != "Content-Type" }, body: "{}")
                    .status == 400)
            #expect(server.server.verdict.accepted == 2 && server.server.verdict.invalid == 2)
        }
    }

    @Test(arguments: ["identity", "gzip", "zstd"])
    func `the body may be cut anywhere, in chunks and packed`(_ encoding: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let body = Packing.packed(encoding, String(repeating: Self.line, count: 3))
            let head = Array(Self.head(["X-API-Key": TestServer.secretKey, "Content-Encoding": encoding]).utf8)
            for size in stride(from: 1, through: body.count, by: 3) {
                let (first, second) = (Array(body[..<size]), Array(body[size...]))
                client.send(head + Array("00\(String(size, radix: 16));a=\"b\"\r\n".utf8) + first)
                client.send("\r\n")
                if !second.isEmpty { client.send(Array("\(String(second.count, radix: 16))\r\n".utf8) + second) }
                client.send(second.isEmpty ? "0\r\nX: y\r\n\r\n" : "\r\n0\r\n\r\n")
                #expect(try client.response().status == 200)
                let answer = client.streamed()
                #expect(answer.acked == 3 && answer.refused.isEmpty && answer.failures.isEmpty)
            }
        }
    }

    @Test(arguments: [
        ("", ["X-API-Key": "sk_live_secret"], 1), ("", ["Authorization": "Bearer sk_live_secret"], 1),
        ("?k=sk_live_secret", [:], 1), ("", [:], 1),
    ])
    func `the key stands in the head or in the first line, which has no number`(
        _ query: String, _ headers: [String: String], _ expected: Int
    ) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let keyLine = query.isEmpty && headers.isEmpty ? "{\"key\": \"sk_live_secret\"}\r\n" : ""
            let body = keyLine + "{\"event_type\": 1}\r\n" + Self.line
            #expect(try client.request("POST", Self.path + query, headers: headers, body: body).status == 200)
            let answer = client.streamed()
            #expect(answer.refused == [expected] && answer.acked == 2)
        }
    }

    @Test(arguments: [
        (["X-API-Key": "pk_live_other"], "{}\n", 401, "unknown_key"), ([:], "{\"event_type\": \"a\"}\n", 401, "no_key"),
        ([:], "{\"key\": \"pk_live_other\"}\n", 401, "unknown_key"), ([:], "", 401, "no_key"),
        (["X-API-Key": "pk_live_public", "Origin": "https://evil.test"], "{}\n", 403, "wrong_origin"),
        (["Origin": "https://evil.test"], "{\"key\": \"pk_live_public\"}\n", 403, "wrong_origin"),
        (["X-API-Key": "pk_live_public", "Content-Type": "text/html"], "{}\n", 415, "media_type"),
        ([:], "{\"key\": \"pk_live_public\", \"event_type\": \"a\"}\n", 401, "no_key"),
    ])
    func `a stream that may not send is refused before it begins, as one invalid`(
        _ headers: [String: String], _ body: String, _ status: Int, _ reason: String
    ) async throws {
        try await TestServer.run(TestServer.snapshot(domains: ["example.com"])) { (server) async throws in
            let answer = try server.client().request("POST", Self.path, headers: headers, body: body)
            #expect(answer.status == status && answer.json["reason"] as? String == reason)
            #expect(answer.verdict == "accepted=0; duplicate=0; bot=0; invalid=1; limited=0; unavailable=0")
            #expect(server.server.verdict.invalid == 1 && server.server.verdict.received == 1)
        }
    }

    @Test func `a stream needs an end that its head tells, and POST`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(Self.head(chunked: false))
            #expect(try client.response().status == 411)
            let wrong = try server.client().request("GET", Self.path)
            #expect(wrong.status == 405 && wrong.headers["allow"] == "POST, OPTIONS")
        }
    }

    @Test func `answers come while the body is still on its way, and not before the disk has the lines`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try server.client()
            client.send(Self.head() + Self.chunk(Self.line))
            #expect(try client.response().status == 200)
            try await log.waitForSequence(1)
            #expect(server.server.verdict.accepted == 0)
            log.makeDurable()
            #expect(client.chunk() == ["{\"acked\": 1}"])
            client.send(Self.chunk(Self.line + Self.line))
            try await log.waitForSequence(3)
            log.makeDurable()
            #expect(client.chunk() == ["{\"acked\": 3}"])
            client.send("0\r\n\r\n")
            #expect(client.chunk() == nil)
            #expect(try client.request("GET", "/health").status == 200)
        }
    }

    @Test func `a log that fails midway ends the stream, and what was not acknowledged is unavailable`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try server.client()
            client.send(Self.head() + Self.chunk(Self.line))
            #expect(try client.response().status == 200)
            try await log.waitForSequence(1)
            log.makeDurable()
            #expect(client.chunk() == ["{\"acked\": 1}"])
            client.send(Self.chunk(Self.line + "{}\n"))
            try await log.waitForSequence(2)
            log.fail(2...2)
            let answer = client.streamed()
            #expect(answer.failures.count == 1 && answer.acked == 0 && answer.refused == [3])
            #expect(client.isEnded())
            let verdict = server.server.verdict
            #expect(verdict.accepted == 1 && verdict.unavailable == 1 && verdict.invalid == 1)
        }
    }

    @Test func `reading stops while too much waits for the disk`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { options in
            options.bounds.streamBytesInFlight = 10
            options.loops = 1
        } body: { (server) async throws in
            let client = try server.client()
            client.send(Self.head() + Self.chunk(Self.line))
            #expect(try client.response().status == 200)
            try await log.waitForSequence(1)
            client.send(Self.chunk(Self.line + Self.line) + "0\r\n\r\n")
            for _ in 0..<3 { #expect(try server.client().request("GET", "/health").status == 200) }
            #expect(log.lastSequence == 1)
            log.makeDurable()
            try await log.waitForSequence(3)
            log.makeDurable()
            #expect(client.streamed().acked == 3)
        }
    }

    @Test func `a rate limit of a key or of an address delays and refuses nothing`() async throws {
        for snapshot in [TestServer.snapshot(perKey: 120), TestServer.snapshot(perAddress: 120)] {
            try await TestServer.run(snapshot) { (server) async throws in
                let client = try server.client()
                let body = String(repeating: Self.line, count: 122)
                #expect(try client.request("POST", Self.path, headers: Self.key, body: body).status == 200)
                let first = try #require(client.chunk())
                #expect(first.first != "{\"acked\": 122}")
                let answer = client.streamed()
                #expect(answer.acked == 122 && answer.refused.isEmpty && answer.failures.isEmpty)
                #expect(server.server.verdict.accepted == 122 && server.server.verdict.limited == 0)
            }
        }
    }

    @Test func `a page of an allowed origin may stream, and Sec-GPC holds for each line`() async throws {
        try await TestServer.run(TestServer.snapshot(domains: ["*.example.com"])) { (server) async throws in
            let origin = "https://a.example.com"
            let preflight = try server.client().request("OPTIONS", Self.path, headers: ["Origin": origin])
            #expect(preflight.status == 204 && preflight.headers["access-control-allow-origin"] == origin)
            let client = try server.client()
            let headers = ["X-API-Key": TestServer.publicKey, "Origin": origin, "Sec-GPC": "1"]
            let answer = try client.request("POST", Self.path, headers: headers, body: Self.line + Self.line)
            #expect(answer.headers["access-control-allow-origin"] == origin && client.streamed().acked == 2)
            #expect(try server.events().allSatisfy { $0.isPrivate && $0.userID == nil && $0.ipHash == nil })
        }
    }

    @Test func `HTTP 1.0 gets its answer without chunks, to the connection's end`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(
                "POST \(Self.path) HTTP/1.0\r\nConnection: keep-alive\r\nX-API-Key: \(TestServer.publicKey)\r\n"
                    + "Content-Length: \(Self.line.utf8.count)\r\n\r\n\(Self.line)")
            let answer = try client.response()
            #expect(answer.status == 200 && answer.headers["transfer-encoding"] == nil)
            #expect(answer.headers["connection"] == "close")
            #expect(client.allLines().acked == 1)
        }
    }

    @Test func `a client that waits for 100 gets it before the answer, or its refusal instead`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(Self.head(["X-API-Key": TestServer.publicKey, "Expect": "100-continue"]))
            #expect(try client.response().status == 100)
            #expect(try client.response().status == 200)
            client.send(Self.chunk(Self.line) + "0\r\n\r\n")
            #expect(client.streamed().acked == 1)
            client.send(Self.head(["X-API-Key": "pk_live_other", "Expect": "100-continue"]))
            #expect(try client.response().status == 401)
            #expect(client.isEnded())
        }
    }

    @Test func `streams and requests of one connection are answered in their order`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let request = TestClient.text("POST", "/b", headers: Self.key, body: Self.line)
            let empty = TestClient.text("POST", Self.path, headers: Self.key, body: "")
            let stream = Self.head() + Self.chunk(Self.line) + "0\r\n\r\n"
            client.send(request + stream + TestClient.text("GET", "/health") + stream + request)
            client.send(String(repeating: empty, count: 2_000) + request)
            client.endSending()
            for status in [204, 200, -1, 200, 200, -1, 204] {
                if status < 0 {
                    #expect(client.streamed().acked == 1)
                } else {
                    #expect(try client.response().status == status)
                }
            }
            for _ in 0..<2_000 {
                #expect(try client.response().status == 200)
                #expect(client.streamed().acked == 0)
            }
            #expect(try client.response().status == 204)
            #expect(client.isEnded())
        }
    }
}
