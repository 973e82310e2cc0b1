import EventModel
import Foundation
import Glibc
import TestKit
import Testing

@testable import Ingest

@Suite struct CountryTests {
    private static let networks = [
        ("192.0.2.0/24", "DE"), ("198.51.100.128/25", "FR"), ("2001:db8:1::/48", "JP"), ("203.0.113.0/24", "XX"),
        ("10.0.0.0/8", "NL"),
    ]

    private func code(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBytes { CountryCode($0) }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func `a country's code is two capitals that ISO 3166-1 knows`() {
        for text in ["DE", "US", "AD", "ZW", "XK"] { #expect(code(text) == text) }
        for text in ["XX", "T1", "de", "De", "D", "", "DEU", "EU", "ZZ", "A1", "A2", "DE ", "Ä"] {
            #expect(code(text) == nil)
        }
    }

    @Test func `a MaxMind file tells the countries of both kinds of address`() throws {
        try withTemporaryDirectory { directory in
            for isFlat in [false, true] {
                let path = directory + "/country.mmdb"
                try CountryFile(networks: Self.networks, isFlat: isFlat).write(to: path)
                let database = try CountryDatabase(path: path)
                func country(_ text: String) throws -> String? {
                    let found = database.country(of: try #require(IPAddress(text)))
                    return found.map { String(decoding: $0.bytes, as: UTF8.self) }
                }
                #expect(try country("192.0.2.77") == "DE" && country("::ffff:192.0.2.77") == "DE")
                #expect(try country("198.51.100.200") == "FR" && country("198.51.100.1") == nil)
                #expect(try country("2001:db8:1:2::3") == "JP" && country("2001:db8:2::") == nil)
                #expect(try country("203.0.113.1") == nil && country("8.8.8.8") == nil)
                #expect(database.kind == "Test-Country")
            }
        }
    }

    @Test func `a missing or damaged file is one clear sentence, and bad configuration`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/country.mmdb"
            let good = try CountryFile(networks: Self.networks).bytes()
            let newer = try CountryFile(networks: Self.networks, version: 3).bytes()
            for content in [nil, [], Array("no such thing".utf8), Array(good.dropLast(20)), newer] {
                if let content { try Data(content).write(to: URL(filePath: path)) }
                do throws(IngestError) {
                    _ = try CountryDatabase(path: path)
                    Issue.record("\(content?.count ?? -1) bytes were taken")
                } catch {
                    #expect(error.exitCode == .badConfiguration)
                    #expect(error.description.contains("ingest.country_database (\(path))"))
                }
            }
        }
    }

    @Test func `a file cut short in place is still answered from`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/country.mmdb"
            try CountryFile(networks: Self.networks).write(to: path)
            let database = try CountryDatabase(path: path)
            #expect(truncate(path, 0) == 0)
            #expect(database.country(of: try #require(IPAddress("192.0.2.1"))) != nil)
        }
    }

    @Test func `a replaced file is taken, a broken one is told of until it is mended`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/country.mmdb"
            try CountryFile(networks: [("192.0.2.0/24", "DE")]).write(to: path)
            var watcher = CountryWatcher(path: path, logger: TestServer.quiet)
            let address = try #require(IPAddress("192.0.2.1"))
            #expect(try watcher.first()?.country(of: address)?.bytes == Array("DE".utf8))
            #expect(watcher.changed() == nil && watcher.problem == nil)
            try CountryFile(networks: [("192.0.2.0/24", "AT")]).write(to: path)
            #expect(watcher.changed()?.country(of: address)?.bytes == Array("AT".utf8))
            try Data("broken".utf8).write(to: URL(filePath: path), options: .atomic)
            #expect(watcher.changed() == nil && watcher.problem?.contains(path) == true)
            #expect(watcher.changed() == nil && watcher.problem != nil)
            try FileManager.default.removeItem(atPath: path)
            #expect(watcher.changed() == nil && watcher.problem?.contains("No such file") == true)
            try CountryFile(networks: [("192.0.2.0/24", "CH")]).write(to: path)
            #expect(watcher.changed()?.country(of: address)?.bytes == Array("CH".utf8) && watcher.problem == nil)
            var none = CountryWatcher(path: nil, logger: TestServer.quiet)
            #expect(try none.first() == nil && none.changed() == nil)
        }
    }

    /// The countries of events sent with these headers, in their order, over TCP or the Unix socket.
    private func countries(
        _ headers: [[(String, String)]], overUnix: Bool = false, file: CountryFile? = nil,
        change: (inout IngestOptions) -> Void
    ) async throws -> [String?] {
        var countries: [String?] = []
        try await TestServer.run { options in
            change(&options)
            guard let file else { return }
            options.countryDatabase = options.statusFile + ".mmdb"
            try? file.write(to: options.statusFile + ".mmdb")
        } body: { (server) async throws in
            // One connection: what it remembers of its sender must not outlive the sender.
            let client = overUnix ? try TestClient(path: server.options.unixSocket) : try server.client()
            for headers in headers {
                let body = #"{"event_type": "a"}"#
                let lines = headers.map { "\($0): \($1)\r\n" }.joined()
                client.send(
                    "POST /api/v1/track HTTP/1.1\r\nHost: h\r\nX-API-Key: \(TestServer.publicKey)\r\n\(lines)"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(try client.response().status == 202)
            }
            countries = try server.events().map(\.countryCode)
        }
        return countries
    }

    @Test func `a trusted proxy's header tells the country`() async throws {
        let found = try await countries([
            [("cf-ipcountry", "DE")], [("CF-IPCountry", "FR")], [("CF-IPCountry", "XX")], [("CF-IPCountry", "T1")],
            [("CF-IPCountry", "gb")], [], [("CF-IPCountry", "GB")], [("CF-IPCountry", "DE"), ("CF-IPCountry", "FR")],
            [("X-Country", "ES")],
        ]) { $0.countryHeader = Array("cf-ipcountry".utf8) }
        #expect(found == ["DE", "FR", nil, nil, nil, nil, "GB", nil, nil])
    }

    @Test func `the header of a peer that is no trusted proxy says nothing, the Unix socket's does`() async throws {
        let headers = [[("CF-IPCountry", "DE")]]
        func options(_ options: inout IngestOptions) {
            options.countryHeader = Array("cf-ipcountry".utf8)
            options.trustedProxies = TrustedProxies([])
        }
        #expect(try await countries(headers, change: options) == [nil])
        #expect(try await countries(headers, overUnix: true, change: options) == ["DE"])
        #expect(try await countries(headers) { _ in } == [nil])
    }

    @Test func `the file tells the country where the header does not`() async throws {
        let visitors = ["192.0.2.1", "198.51.100.129", "2001:db8:1::9", "203.0.113.9", "8.8.8.8"]
        let headers = visitors.map { [("X-Forwarded-For", $0)] }
        let file = CountryFile(networks: Self.networks)
        #expect(try await countries(headers, file: file) { _ in } == ["DE", "FR", "JP", nil, nil])
        let stated = ["ES", "XX"].map { [("X-Forwarded-For", "192.0.2.1"), ("Country", $0)] }
        let found = try await countries(stated, file: file) { $0.countryHeader = Array("country".utf8) }
        #expect(found == ["ES", "DE"])
    }

    @Test func `an event under Global Privacy Control has no country`() async throws {
        let headers = [[("Country", "ES"), ("Sec-GPC", "1"), ("X-Forwarded-For", "192.0.2.1")]]
        let file = CountryFile(networks: Self.networks)
        #expect(try await countries(headers, file: file) { $0.countryHeader = Array("country".utf8) } == [nil])
    }

    @Test func `a running daemon takes a replaced file, and shows in its status that it cannot`() async throws {
        try await TestServer.run { options in
            options.countryDatabase = options.statusFile + ".mmdb"
            try? CountryFile(networks: [("127.0.0.0/8", "DE")]).write(to: options.statusFile + ".mmdb")
        } body: { (server) async throws in
            func lastError() throws -> String? {
                let data = try Data(contentsOf: URL(filePath: server.options.statusFile))
                return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["last_error"] as? String
            }
            let path = try #require(server.options.countryDatabase)
            let client = try server.client()
            func send() throws {
                let answer = try client.request(
                    "POST", "/api/v1/track", headers: TestServer.json, body: #"{"event_type": "a"}"#)
                #expect(answer.status == 202)
            }
            /// As every second; then every event loop has what it found.
            func tick() async throws {
                server.server.tick()
                _ = try await server.server.bufferedBytes()
            }
            try send()
            try CountryFile(networks: [("127.0.0.0/8", "AT")]).write(to: path)
            try await tick()
            try send()
            try Data("broken".utf8).write(to: URL(filePath: path), options: .atomic)
            try await tick()
            try send()
            #expect(try lastError()?.contains("ingest.country_database") == true)
            try CountryFile(networks: [("127.0.0.0/8", "CH")]).write(to: path)
            try await tick()
            try send()
            #expect(try lastError() == nil)
            #expect(try server.events().map(\.countryCode) == ["DE", "AT", "AT", "CH"])
        }
    }

    @Test func `the daemon does not start with a file that it cannot open`() async throws {
        try await withTemporaryDirectory { directory in
            var options = IngestOptions(directory: directory)
            options.countryDatabase = directory + "/missing.mmdb"
            await #expect(throws: IngestError.self) {
                try await IngestServer.start(options, log: SteeredLog(), logger: TestServer.quiet)
            }
        }
    }
}
