import EventModel
import Foundation
import Synchronization
import Testing
import WriteAheadLog

@testable import Ingest

@Suite struct StreamTests {
    static let hello = "{\"key\": \"sk_live_secret\"}\n"

    private func client(_ server: TestServer) throws -> TestClient { try TestClient(path: server.options.streamSocket) }

    private func object(_ line: String?) throws -> [String: Any] {
        let line = try #require(line)
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func `lines are acknowledged when they are durable, refused ones named`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try client(server)
            client.send(Self.hello + "{\"event_type\": \"a\"}\n{\"event_type\": 5}\n{\"event_type\": \"b\"}")
            client.endSending()
            var refused: [Int] = []
            var acked = 0
            while let line = client.line() {
                let object = try object(line)
                if let line = object["line"] as? Int {
                    refused.append(line)
                    #expect(object["error"] as? String == "event_type is not a text")
                }
                acked = object["acked"] as? Int ?? acked
            }
            #expect(refused == [2] && acked == 3)
            #expect(try server.events().map(\.eventType) == ["a", "b"])
            #expect(try server.events().allSatisfy { $0.ipHash == nil && $0.userID == nil })
        }
    }

    @Test func `nothing is acknowledged before its time, and nothing that the log refused`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try client(server)
            client.send(Self.hello + "{\"event_type\": \"a\"}\n")
            try await log.waitForSequence(1)
            log.makeDurable()
            #expect(try object(client.line())["acked"] as? Int == 1)
            client.send("{\"event_type\": \"b\"}\n")
            try await log.waitForSequence(2)
            log.fail(2...2)
            #expect(try object(client.line())["error"] != nil)
            #expect(client.line() == nil)
            #expect(server.server.verdict.accepted == 1 && server.server.verdict.unavailable == 1)
        }
    }

    @Test func `a stream without a known key is told so and ended`() async throws {
        try await TestServer.run { (server) async throws in
            for first in ["{\"event_type\": \"a\"}\n", "{\"key\": \"sk_live_other\"}\n", "nonsense\n"] {
                let client = try client(server)
                client.send(first)
                #expect(try object(client.line())["error"] != nil)
                #expect(client.line() == nil)
            }
            #expect(server.server.verdict.invalid == 3)
        }
    }

    @Test func `broken lines leave no trace in the log`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try client(server)
            client.send(Self.hello + "{\"event_type\": \"a\"} {}\n\n[]\n{\"event_type\": \"b\"}\n")
            client.endSending()
            var errors = 0
            while let line = client.line() { if try object(line)["line"] != nil { errors += 1 } }
            #expect(errors == 3)
            #expect(try server.events().map(\.eventType) == ["b"])
        }
    }

    @Test func `an overlong line is refused and the next ones are read`() async throws {
        try await TestServer.run { options in
            options.bounds.eventBodyBytes = 1_000
        } body: { (server) async throws in
            let client = try client(server)
            client.send(Self.hello + String(repeating: "x", count: 300_000) + "\n{\"event_type\": \"b\"}\n")
            client.endSending()
            var lines: [[String: Any]] = []
            while let line = client.line() { lines.append(try object(line)) }
            #expect(lines.compactMap { $0["line"] as? Int } == [1])
            #expect(lines.compactMap { $0["acked"] as? Int }.last == 2)
        }
    }

    @Test func `a hundred thousand lines arrive once each and in order`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try client(server)
            let acked = Mutex(0)
            let reader = onThread {
                while let line = client.line() {
                    let number = line.split(separator: " ").last.flatMap { Int($0.dropLast()) } ?? 0
                    #expect(number > acked.withLock { $0 })
                    acked.withLock { $0 = number }
                }
            }
            var text = Self.hello
            for index in 0..<100_000 { text += "{\"event_type\": \"a\", \"user_id\": \"\(index)\"}\n" }
            client.send(text)
            client.endSending()
            await reader.value
            #expect(acked.withLock { $0 } == 100_000)
            let users = try server.events().compactMap { $0.userID.flatMap { Int($0) } }
            #expect(users == Array(0..<100_000))
        }
    }

    @Test func `a rate limit delays a stream and refuses nothing`() async throws {
        try await TestServer.run(TestServer.snapshot(perKey: 120)) { (server) async throws in
            let client = try client(server)
            client.send(Self.hello + String(repeating: "{\"event_type\": \"a\"}\n", count: 121))
            client.endSending()
            var lines: [String] = []
            while let line = client.line() { lines.append(line) }
            #expect(lines.allSatisfy { $0.contains("acked") })
            #expect(lines.last == "{\"acked\": 121}")
        }
    }
}
