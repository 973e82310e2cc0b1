import EventModel
import Foundation
import NIOCore
import TestKit
import Testing

@testable import Ingest

/// By what a visitor is known for a day, and how much he may send.
@Suite struct VisitorTests {
    private static let event = #"{"event_type": "a"}"#

    private func send(
        _ server: TestServer, _ address: String, agent: String = "Mozilla/5.0", key: String = TestServer.publicKey
    ) throws -> Event {
        let headers = ["X-API-Key": key, "X-Forwarded-For": address, "User-Agent": agent]
        #expect(try server.post(Self.event, headers: headers).status == 202)
        return try #require(try server.events().last)
    }

    @Test func `a visitor is the same for one day, one site, one address and one browser`() async throws {
        var snapshot = TestServer.snapshot()
        let key = ProjectSnapshot.Key(keyID: "key_3", kind: .public, hash: sha256("pk_two"))
        snapshot.projects.append(
            .init(projectID: ProjectID(rawValue: "proj_two"), name: "Two", domains: [], keys: [key]))
        let clock = ManualClock(try #require(Timestamp("2025-06-01T00:00:00Z")))
        try await TestServer.run(snapshot, clock: clock.clock) { (server) async throws in
            let first = try send(server, "203.0.113.1")
            #expect(first.userID?.wholeMatch(of: #/v_[0-9a-f]{32}/#) != nil && first.sessionID == nil)
            clock.set(to: try #require(Timestamp("2025-06-01T23:59:59.999Z")))
            let evening = try send(server, "203.0.113.1")
            #expect(evening.userID == first.userID && evening.ipHash == first.ipHash)
            #expect(try send(server, "203.0.113.2").userID != first.userID)
            #expect(try send(server, "203.0.113.1", agent: "Mozilla/5.0 (iPad)").userID != first.userID)
            #expect(try send(server, "203.0.113.1", key: "pk_two").userID != first.userID)
            let secret = try send(server, "203.0.113.1", key: TestServer.secretKey)
            #expect(secret.userID == nil && secret.sessionID == nil && secret.ipHash == first.ipHash)
            clock.advance(by: .milliseconds(1))
            let next = try send(server, "203.0.113.1")
            #expect(next.userID != first.userID && next.ipHash != first.ipHash)
        }
    }

    @Test func `yesterday's secret is destroyed when the day ends, though nobody sends`() async throws {
        let clock = ManualClock(try #require(Timestamp("2025-06-01T23:00:00Z")))
        try await TestServer.run(clock: clock.clock) { (server) async throws in
            func secrets() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: server.options.secretDirectory)
            }
            #expect(try secrets() == ["2025-06-01"])
            clock.advance(by: .seconds(3_600))
            server.server.tick()
            #expect(try secrets() == ["2025-06-02"])
        }
    }

    @Test func `who asks late for yesterday's secret does not take today's away`() throws {
        try withTemporaryDirectory { directory in
            let secrets = try DaySecrets(directory: directory + "/secret")
            let monday = try #require(Day("2025-06-02"))
            _ = secrets.secret(for: monday)
            let tuesday = secrets.secret(for: monday.advanced(by: 1))
            let late = secrets.secret(for: monday)
            #expect(late.day == monday && late.bytes != tuesday.bytes)
            #expect(secrets.secret(for: monday).bytes == late.bytes)
            #expect(secrets.secret(for: monday.advanced(by: 1)) == tuesday)
            let files = try FileManager.default.contentsOfDirectory(atPath: directory + "/secret")
            #expect(files == ["2025-06-03"])
        }
    }

    @Test func `no address is stored, neither in the log nor in the status nor in the metrics`() async throws {
        try await TestServer.run { (server) async throws in
            let address = "203.0.113.77"
            let headers = ["X-API-Key": TestServer.publicKey, "X-Forwarded-For": address]
            #expect(try server.post(Self.event, headers: headers).status == 202)
            #expect(try server.post(#"{"event_type": ["SENT"]}"#, headers: headers).status == 400)
            server.server.tick()
            var texts = [try server.client().request("GET", "/metrics").body]
            let paths = try #require(FileManager.default.subpaths(atPath: server.directory))
            for path in paths {
                guard let data = FileManager.default.contents(atPath: server.directory + "/" + path) else { continue }
                texts.append(String(decoding: data, as: UTF8.self))
            }
            #expect(texts.contains { $0.contains("event_type") } && !texts.contains { $0.contains(address) })
            #expect(!texts.contains { $0.contains("SENT") })
        }
    }

    @Test func `addresses of IPv6 share a limit by their first 64 bits, those of IPv4 do not`() async throws {
        try await TestServer.run(TestServer.snapshot(perAddress: 2)) { (server) async throws in
            func status(_ address: String) throws -> Int {
                try server.post(
                    Self.event, headers: ["X-API-Key": TestServer.publicKey, "X-Forwarded-For": address]
                ).status
            }
            #expect(try status("2001:db8:1:2::1") == 202)
            #expect(try status("2001:db8:1:2:ffff::9") == 202)
            #expect(try status("2001:db8:1:2::3") == 429)
            #expect(try status("2001:db8:1:3::1") == 202)
            #expect(try status("203.0.113.1") == 202)
            #expect(try status("203.0.113.1") == 202)
            #expect(try status("203.0.113.1") == 429)
            #expect(try status("203.0.113.2") == 202)
        }
    }

    @Test func `over the rate a sender is told the whole seconds to wait, and nothing is kept`() async throws {
        try await TestServer.run(TestServer.snapshot(perKey: 1)) { (server) async throws in
            #expect(try server.post(Self.event).status == 202)
            let answer = try server.post(Self.event)
            #expect(answer.status == 429 && answer.json["reason"] as? String == "limited")
            let seconds = try #require(Int(answer.headers["retry-after"] ?? ""))
            #expect((1...60).contains(seconds))
            #expect(answer.verdict == "accepted=0; duplicate=0; bot=0; invalid=0; limited=1; unavailable=0")
            #expect(try server.events().count == 1)
        }
    }

    @Test func `a project's limits go before the configuration's, and zero is none`() async throws {
        for (perKey, perAddress, taken) in [(nil, nil, 2), (0, nil, 3), (nil, 0, 5), (0, 0, 8), (7, 4, 4)] {
            let snapshot = TestServer.snapshot(perKey: perKey, perAddress: perAddress)
            let change: (inout IngestOptions) -> Void = {
                $0.eventsPerMinutePerKey = perAddress == 0 ? 5 : 2
                $0.eventsPerMinutePerAddress = 3
            }
            try await TestServer.run(snapshot, change: change) { (server) async throws in
                let events = [String](repeating: Self.event, count: 8).joined(separator: ",")
                let answer = try server.post("{\"events\": [\(events)]}", to: "/api/v1/track/batch")
                #expect(answer.json["accepted"] as? Int == taken)
                #expect((answer.json["rejected"] as? [Any])?.count == 8 - taken)
            }
        }
    }
}
