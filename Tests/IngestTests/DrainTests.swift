import Foundation
import Testing

@testable import Ingest

@Suite struct DrainTests {
    private static let event = #"{"event_type": "a"}"#

    /// Runs what blocks on a thread of its own, so that the stop it waits for has one.
    private func aside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    private func post(_ client: TestClient) throws -> TestClient.Response {
        try client.request("POST", "/api/v1/track", headers: TestServer.json, body: Self.event)
    }

    @Test func `an idle connection is told of the stop, and a request that crosses it is not reset`() async throws {
        try await TestServer.run { options in
            options.bounds.drainGrace = .seconds(1)
            options.bounds.lingerTimeout = .seconds(1)
        } body: { (server) async throws in
            let client = try server.client()
            #expect(try post(client).status == 202)
            let stop = Task { await server.server.stop() }
            #expect(try await aside { client.isEnded() })
            client.send(TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: Self.event))
            #expect(client.systemError == 0)
            await stop.value
            #expect(try server.events().count == 1)
        }
    }

    @Test func `a connection on which no request has come yet is listened to for longer`() async throws {
        try await TestServer.run { options in
            options.bounds.drainGrace = .zero
            options.bounds.drainFirstGrace = .seconds(20)
        } body: { (server) async throws in
            // Connections are accepted in their order: once the second is answered, the first has been.
            let fresh = try server.client()
            let used = try server.client()
            #expect(try post(used).status == 202)
            let stop = Task { await server.server.stop() }
            #expect(try await aside { used.isEnded() })
            let answer = try await aside { try post(fresh) }
            #expect(answer.status == 202 && answer.headers["connection"] == "close")
            #expect(try await aside { fresh.isEnded() })
            await stop.value
        }
    }
}
