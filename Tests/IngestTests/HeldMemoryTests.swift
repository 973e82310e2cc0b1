import EventModel
import Testing
import WriteAheadLog

@testable import Ingest

/// What connections hold that wait: for a rate limit, for the disk, for their end.
@Suite struct HeldMemoryTests {
    /// Ten thousand lines.
    private static let lines = String(
        repeating: "{\"event_type\": \"a\", \"user_id\": \"\(String(repeating: "x", count: 80))\"}\n", count: 10_000)

    /// A client whose stream waits for its key's next minute.
    private func waitingStream(_ server: TestServer, _ encoding: String, path: String? = nil) throws -> TestClient {
        let client = try path.map { try TestClient(path: $0) } ?? server.client()
        let headers = ["X-API-Key": TestServer.publicKey, "Content-Encoding": encoding]
        let body = Packing.packed(encoding, Self.lines)
        #expect(try client.request(HTTPStreamTests.path, headers: headers, bytes: body).status == 200)
        return client
    }

    @Test func `a stream that waits for its rate limit unpacks no more than it will read next`() async throws {
        try await TestServer.run(TestServer.snapshot(perKey: 1)) { (server) async throws in
            #expect(try server.post(#"{"event_type": "a"}"#).status == 202)
            let clients = try (1...4).map { _ in try waitingStream(server, "gzip") }
            let held = try await server.server.bufferedBytes()
            #expect(held > 0 && held < clients.count * 250_000)
        }
    }

    @Test func `streams that wait for their rate limit leave room for others`() async throws {
        try await TestServer.run(TestServer.snapshot(perKey: 1)) { options in
            options.bounds.bufferedBytes = 600_000
            options.loops = 1
        } body: { (server) async throws in
            #expect(try server.post(#"{"event_type": "a"}"#).status == 202)
            let clients = try (1...8).map { _ in try waitingStream(server, "gzip") }
            #expect(try await server.server.bufferedBytes() < 450_000)
            // The last ones found no room.
            #expect(clients[7].streamed().failures == ["too many unfinished requests; try again later"])
            let other = try server.client()
            other.send(
                "POST /api/v1/track/batch HTTP/1.1\r\nHost: a\r\nX-API-Key: sk_live_secret\r\n"
                    + "Content-Length: 100000\r\n\r\n" + String(repeating: " ", count: 99_000))
            for _ in 0..<5_000 where try await server.server.bufferedBytes() < 99_000 {
                try await Task.sleep(for: .milliseconds(1))
            }
            other.send(#"{"events": [{"event_type": "a"}]}"# + String(repeating: " ", count: 1_000 - 33))
            #expect(try other.response().status == 202)
        }
    }

    @Test func `what a request that took too long held is free when it is answered`() async throws {
        try await TestServer.run { options in
            options.bounds.bodyTimeout = .milliseconds(50)
            options.bounds.lingerTimeout = .seconds(20)
        } body: { (server) async throws in
            let client = try server.client()
            client.send(
                "POST /api/v1/track/batch HTTP/1.1\r\nHost: a\r\nX-API-Key: pk_live_public\r\n"
                    + "Content-Length: 1000000\r\n\r\n" + String(repeating: "x", count: 100_000))
            #expect(try client.response().status == 408)
            #expect(try await server.server.bufferedBytes() == 0)
        }
    }

    @Test func `requests behind those that wait are bounded too, also when they come at once with the end`()
        async throws
    {
        let log = SteeredLog()
        try await TestServer.run(log: log) { options in
            options.bounds.bufferedBytes = 100_000
        } body: { (server) async throws in
            let client = try server.client()
            let request = TestClient.text(
                "POST", "/api/v1/track", headers: TestServer.json,
                body: #"{"event_type": "a"}"# + String(repeating: " ", count: 1_000))
            let count = 300
            client.send(String(repeating: request, count: count))
            client.endSending()
            try await log.waitForSequence(64)
            for _ in 0..<2_000 where server.server.verdict.unavailable == 0 {
                try await Task.sleep(for: .milliseconds(1))
            }
            log.makeDurable()
            for _ in 1...64 { #expect(try client.response().status == 202) }
            #expect(try client.response().status == 503)
            #expect(client.isEnded())
            #expect(server.server.verdict.accepted == 64 && server.server.verdict.unavailable == 1)
        }
    }

    @Test func `one who keeps a connection busy with empty streams makes room for another`() async throws {
        try await TestServer.run { options in
            options.bounds.connections = 1
            options.bounds.uselessTimeout = .milliseconds(300)
        } body: { (server) async throws in
            let busy = try server.client()
            let empty = TestClient.text("POST", HTTPStreamTests.path, headers: TestServer.json, body: "")
            #expect(try busy.request("GET", "/health").status == 200)
            let flood = onThread {
                while busy.sends(Array(empty.utf8)) {
                    // To the end of the answer, which is an empty chunk.
                    while let line = busy.line(), line != "0\r" {}
                    _ = busy.line()
                }
            }
            let other = try server.client()
            #expect(try other.request("GET", "/health").status == 200)
            await flood.value
        }
    }

    @Test func `a log that has no room is asked less and less often`() {
        var delay = RetryDelay()
        let delays = (0..<7).map { _ in delay.next().nanoseconds / 1_000_000 }
        #expect(delays == [5, 10, 20, 40, 80, 80, 80])
        delay.reset()
        #expect(delay.next() == .milliseconds(5))
    }
}
