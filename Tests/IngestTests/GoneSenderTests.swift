import Testing
import WriteAheadLog

@testable import Ingest

/// Senders that do not hear what became of their events.
@Suite struct GoneSenderTests {
    /// Sends an event whose sender resets the connection before the disk has it; returns when the daemon noticed that.
    private func sendAndReset(_ server: TestServer, _ log: SteeredLog) async throws {
        do {
            let client = try server.client()
            client.send(
                TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: #"{"event_type": "a"}"#))
            try await log.waitForSequence(1)
            client.resetWhenReleased()
        }
        let asking = try server.client()
        for _ in 0..<5_000 {
            let metrics = try asking.request("GET", "/metrics").body
            if metrics.contains("\nmillrace_connections 1\n") { return }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw TestFailure("the connection is still counted as open")
    }

    @Test func `an event that became durable is counted, though its sender is gone`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            try await sendAndReset(server, log)
            #expect(server.server.verdict.received == 0)
            log.makeDurable()
            for _ in 0..<5_000 where server.server.verdict.received == 0 { try await Task.sleep(for: .milliseconds(1)) }
            #expect(server.server.verdict.accepted == 1 && server.server.verdict.received == 1)
        }
    }

    @Test func `an event that the log refused is counted, though its sender is gone`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            try await sendAndReset(server, log)
            log.fail(1...1)
            for _ in 0..<5_000 where server.server.verdict.received == 0 { try await Task.sleep(for: .milliseconds(1)) }
            #expect(server.server.verdict.unavailable == 1 && server.server.verdict.received == 1)
        }
    }
}
