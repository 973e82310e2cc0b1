import EventModel
import Foundation
import Testing

@testable import Ingest

/// `/api/v1/config`, over real sockets.
@Suite struct ConfigAnswerTests {
    static func snapshot(domains: [String] = [], version: Int64 = 1) -> ProjectSnapshot {
        var snapshot = TestServer.snapshot(domains: domains, version: version)
        snapshot.projects[0].tests = [
            .init(
                testID: "hero", state: .paused, shareOfA: 0.9, componentID: "hero_button",
                targetConversion: "purchase", startDate: "2025-01-01T00:00:00.000Z", variantA: #"{"share": 0.9}"#,
                variantB: #"{"text": "Buy now"}"#)
        ]
        snapshot.projects[0].browser[set: .hesitation] = 5_000
        snapshot.projects[0].browser[set: .sampleRate] = 0.5
        snapshot.projects[0].browser.scrollDepths = [50, 100]
        return snapshot
    }

    static let path = "/api/v1/config?k="

    @Test func `it tells what the project's pages need, to public and secret keys alike`() async throws {
        try await TestServer.run(Self.snapshot()) { (server) async throws in
            let answer = try server.client().request("GET", Self.path + TestServer.publicKey)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.headers["cache-control"] == "public, max-age=300")
            #expect(answer.headers["vary"] == "Origin")
            #expect(answer.verdict == nil)
            let tests = try #require(answer.json["tests"] as? [NSDictionary])
            #expect(
                tests == [
                    [
                        "test_id": "hero", "state": "paused", "shares": ["A": 0.9, "B": 0.1],
                        "component_id": "hero_button", "target_conversion": "purchase",
                        "start_date": "2025-01-01T00:00:00.000Z", "end_date": NSNull(),
                        "variants": ["A": ["share": 0.9], "B": ["text": "Buy now"]],
                    ]
                ])
            let friction = try #require(answer.json["friction"] as? NSDictionary)
            #expect(
                friction == [
                    "rage_clicks": 3, "rage_clicks_answered": 5, "rage_click_radius_px": 30,
                    "rage_click_interval_ms": 1_000, "dead_click_ms": 2_500, "hesitation_ms": 5_000,
                    "form_idle_minutes": 30, "element_visible_percent": 50, "element_time_ms": 1_000,
                    "scroll_depth_percents": [50, 100],
                ])
            #expect(answer.json["sampling"] as? Double == 0.5)
            let secret = try server.client().request("GET", "/api/v1/config?a=b&k=" + TestServer.secretKey)
            #expect(secret.status == 200 && secret.body == answer.body)
        }
    }

    @Test func `who has it already is told so, and HEAD has no body`() async throws {
        try await TestServer.run(Self.snapshot()) { (server) async throws in
            let client = try server.client()
            let path = Self.path + TestServer.publicKey
            let first = try client.request("GET", path)
            let tag = try #require(first.headers["etag"])
            for value in [tag, "W/" + tag, "\"other\", \(tag)", "*"] {
                let again = try client.request("GET", path, headers: ["If-None-Match": value])
                #expect(again.status == 304 && again.headers["etag"] == tag, "\(value)")
                #expect(again.headers["cache-control"] == "public, max-age=300")
                #expect(again.headers["content-length"] == nil)
            }
            let other = try client.request("GET", path, headers: ["If-None-Match": "\"other\""])
            #expect(other.status == 200 && other.body == first.body)
            let head = try client.request("HEAD", path)
            #expect(head.status == 200 && head.headers["content-length"] == "\(first.body.utf8.count)")
            // What HEAD left unsent is not taken for the next answer.
            #expect(try client.request("GET", path).status == 200)
        }
    }

    @Test func `a new snapshot is answered at once, with another tag`() async throws {
        try await TestServer.run(TestServer.snapshot()) { (server) async throws in
            let client = try server.client()
            let first = try client.request("GET", Self.path + TestServer.publicKey)
            #expect((first.json["tests"] as? [Any])?.isEmpty == true && first.json["sampling"] as? Int == 1)
            try TestServer.write(Self.snapshot(version: 2), to: server.options.snapshotFile)
            server.server.tick()
            // Each event loop has the new keys once it has done what it was asked before.
            _ = try await server.server.bufferedBytes()
            let tag = try #require(first.headers["etag"])
            let second = try client.request(
                "GET", Self.path + TestServer.publicKey, headers: ["If-None-Match": tag])
            #expect(second.status == 200 && second.headers["etag"] != tag)
            #expect((second.json["tests"] as? [Any])?.count == 1)
        }
    }

    @Test func `without a known key it is a 401, from a strange page a 403, and neither counts as an event`()
        async throws
    {
        try await TestServer.run(Self.snapshot(domains: ["shop.example"])) { (server) async throws in
            func get(_ target: String, origin: String? = nil) throws -> TestClient.Response {
                try server.client().request("GET", target, headers: origin.map { ["Origin": $0] } ?? [:])
            }
            for target in ["/api/v1/config", "/api/v1/config?k=", "/api/v1/config?k=pk_live_other"] {
                let answer = try get(target)
                #expect(answer.status == 401 && answer.verdict == nil, "\(target)")
                #expect(answer.headers["cache-control"] == nil)
            }
            // Caches would take an answer to a key in a header for everybody's.
            let inHeader = try server.client().request(
                "GET", "/api/v1/config", headers: ["X-API-Key": TestServer.publicKey])
            #expect(inHeader.status == 401)
            let strange = try get(Self.path + TestServer.publicKey, origin: "https://other.example")
            #expect(strange.status == 403 && strange.headers["access-control-allow-origin"] == nil)
            #expect(strange.headers["vary"] == "Origin")
            let own = try get(Self.path + TestServer.publicKey, origin: "https://shop.example")
            #expect(own.status == 200 && own.headers["access-control-allow-origin"] == "https://shop.example")
            #expect(own.headers["vary"] == "Origin")
            let preflight = try server.client().request(
                "OPTIONS", "/api/v1/config", headers: ["Origin": "https://shop.example"])
            #expect(preflight.status == 204)
            #expect(server.server.verdict.received == 0)
        }
    }

    @Test func `projects that have set nothing share one answer`() {
        var snapshot = Self.snapshot()
        for index in 0..<2 {
            let key = ProjectSnapshot.Key(keyID: "key_9\(index)", kind: .public, hash: sha256("key \(index)"))
            snapshot.projects.append(
                .init(projectID: ProjectID(rawValue: "proj_\(index)"), name: "\(index)", domains: [], keys: [key]))
        }
        let directory = KeyDirectory(snapshot, eventsPerMinutePerKey: 0, eventsPerMinutePerAddress: 0)
        func page(_ key: String) -> ServedContent? {
            Array(key.utf8).withUnsafeBytes { directory.entry(forKey: $0)?.page }
        }
        #expect(page("key 0") != nil && page("key 0") === page("key 1"))
        #expect(page(TestServer.publicKey) !== page("key 0"))
    }
}
