import Testing
import WriteAheadLog

@testable import Ingest

/// Requests that one turn of an event loop brings go to the log together.
@Suite struct TurnTests {
    private static func request(_ id: Int) -> String {
        TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: #"{"event_type": "a\#(id)"}"#)
    }

    @Test func `each of the requests that went to the log together is answered by itself, in order`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try server.client()
            let bad = TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: "{}")
            client.send(Self.request(1) + bad + Self.request(2) + Self.request(3))
            try await log.waitForSequence(3)
            log.makeDurable()
            for status in [202, 400, 202, 202] { #expect(try client.response().status == status) }
            #expect(server.server.verdict.accepted == 3 && server.server.verdict.invalid == 1)
        }
    }

    @Test func `where the log refuses what went to it together, each request is a 503`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try server.client()
            log.refuse(with: LogError(.full, "no room"))
            client.send(Self.request(1) + Self.request(2))
            for _ in 1...2 {
                let answer = try client.response()
                #expect(answer.status == 503)
                #expect(answer.verdict == "accepted=0; duplicate=0; bot=0; invalid=0; limited=0; unavailable=1")
            }
            log.refuse(with: nil)
            client.send(Self.request(3))
            try await log.waitForSequence(1)
            log.makeDurable()
            #expect(try client.response().status == 202)
            #expect(server.server.verdict.unavailable == 2 && server.server.verdict.accepted == 1)
        }
    }

    @Test func `more requests than may wait at once are each answered, where the log refuses them`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try server.client()
            log.refuse(with: LogError(.full, "no room"))
            client.send((1...300).map(Self.request).joined())
            for _ in 1...300 { #expect(try client.response().status == 503) }
            #expect(server.server.verdict.unavailable == 300 && server.server.verdict.received == 300)
            client.endSending()
            #expect(client.isEnded())
        }
    }
}
