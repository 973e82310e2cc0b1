import EventModel
import Foundation
import Synchronization
import Testing
import WriteAheadLog

@testable import Ingest

/// Connections that end, and the daemon's own end.
@Suite struct EndingTests {
    /// A request whose answer names a thousand events; the connection ends with it.
    private static func largeAnswer(closes: Bool) -> String {
        var headers = TestServer.json
        if closes { headers["Connection"] = "close" }
        let events = [String](repeating: "{}", count: 1_000).joined(separator: ",")
        return TestClient.text("POST", "/api/v1/track/batch", headers: headers, body: "{\"events\": [\(events)]}")
    }

    @Test func `a sender that has ended his own side gets all of a stream's answers, however late he reads`()
        async throws
    {
        try await TestServer.run { (server) async throws in
            // Among these are numbers of answers of which some wait in the daemon, and none before they are read.
            for count in stride(from: 1_000, through: 8_000, by: 500) {
                let client = try TestClient(path: server.options.streamSocket)
                let before = server.server.verdict.received
                client.send(StreamTests.hello + String(repeating: "{}\n", count: count))
                client.endSending()
                for _ in 0..<30 where server.server.verdict.received < before + count {
                    try await Task.sleep(for: .milliseconds(1))
                }
                #expect(client.allLines().acked == count)
            }
        }
    }

    @Test(arguments: [true, false])
    func `the last answer is whole, however late it is read`(_ endsSending: Bool) async throws {
        try await TestServer.run { options in
            options.bounds.lingerTimeout = .zero
        } body: { (server) async throws in
            for count in 1...6 {
                let client = try TestClient(path: server.options.unixSocket)
                let before = server.server.verdict.received
                for number in 1...count { client.send(Self.largeAnswer(closes: number == count)) }
                if endsSending { client.endSending() }
                let wanted = before + 1_000 * count
                for _ in 0..<100 where server.server.verdict.received < wanted {
                    try await Task.sleep(for: .milliseconds(1))
                }
                // Longer than the daemon looks at its time-outs; nothing needs it to pass.
                try await Task.sleep(for: .milliseconds(60))
                for _ in 1...count {
                    let answer = try client.response()
                    #expect(answer.status == 400 && (answer.json["rejected"] as? [Any])?.count == 1_000)
                }
                #expect(client.isEnded())
            }
        }
    }

    @Test func `what becomes durable when the log is closed stands in the last status`() async throws {
        let isClosing = Mutex(false)
        // Slow where the event loop reads it, so that the status would be written first if it did not wait.
        let clock = Clock {
            if isClosing.withLock({ $0 }) { Thread.sleep(forTimeInterval: 0.05) }
            return Clock.system.now()
        }
        let log = SteeredLog { isClosing.withLock { $0 = true } }
        try await TestServer.run(log: log, clock: clock) { options in
            options.bounds.drainTimeout = .zero
        } body: { (server) async throws in
            let client = try server.client()
            client.send(
                TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: #"{"event_type": "a"}"#))
            try await log.waitForSequence(1)
            await server.server.stop()
            let status = try Data(contentsOf: URL(filePath: server.options.statusFile))
            let object = try #require(try JSONSerialization.jsonObject(with: status) as? [String: Any])
            #expect((object["beacons"] as? [String: Any])?["accepted"] as? Int == 1)
        }
    }
}
