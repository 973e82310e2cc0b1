import Testing

@testable import Ingest

/// Whose word about a visitor is taken.
@Suite(.timeLimit(.minutes(1))) struct PeerTests {
    @Test func `what one sent who was gone before he was accepted is nobody's`() async throws {
        try await TestServer.run { options in
            options.loops = 1
            options.bounds.connections = 1
            options.bounds.uselessTimeout = .seconds(60)
        } body: { (server) async throws in
            let event = { (name: String) in
                let headers = ["X-API-Key": TestServer.publicKey, "X-Forwarded-For": "192.0.2.1"]
                return TestClient.text("POST", "/api/v1/track", headers: headers, body: #"{"event_type": "\#(name)"}"#)
            }
            do {
                let first = try server.client()
                #expect(try first.request("GET", "/health").status == 200)
                // Both wait in the backlog while the first is served.
                let gone = try server.client()
                gone.send(event("gone"))
                gone.reset()
                let next = try server.client()
                next.send(event("next"))
                first.reset()
                #expect(try next.response().status == 202)
            }
            #expect(try server.events().map(\.eventType) == ["next"])
            #expect(server.server.verdict.accepted == 1)
            #expect(try server.post(#"{"event_type": "later"}"#).status == 202)
        }
    }
}
