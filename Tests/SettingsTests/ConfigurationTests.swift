import EventModel
import Foundation
import TestKit
import Testing

@testable import Settings

@Suite struct ConfigurationTests {
    /// Loads a configuration from the text of a file.
    private func load(_ text: String, environment: [String: String] = [:], overrides: [String: String] = [:]) throws
        -> Configuration
    {
        try withTemporaryDirectory { directory in
            let path = directory + "/millrace.toml"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return try Configuration.load(file: path, environment: environment, overrides: overrides)
        }
    }

    private func refusal(_ text: String, environment: [String: String] = [:]) -> ConfigurationError? {
        do {
            _ = try load(text, environment: environment)
            return nil
        } catch {
            return error as? ConfigurationError
        }
    }

    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    @Test func `without a file every key has its default`() throws {
        let configuration = try Configuration.load(file: nil)
        #expect(configuration.dataDirectory == "/var/lib/millrace")
        #expect(configuration.ingest.unix == "/run/millrace/ingest.sock")
        #expect(configuration.ingest.stream == "/run/millrace/stream.sock")
        #expect(configuration.limits.eventsPerMinutePerKey == 1_000)
        #expect(configuration.log.segmentMiB == 64)
        #expect(configuration.funnel.defaultProject == nil)
        #expect(configuration.mixingEffect == 0.02)
    }

    @Test func `the default file documents every key with its default`() throws {
        let file = try ConfigurationFile(path: Self.checkout + "/Config/default.toml")
        let found = Dictionary(uniqueKeysWithValues: file.values().map { ($0.path, $0.value) })
        for key in SettingKey.all where key.path != "admin.users" {
            let toml = try #require(found[key.path], "\(key.path) is not documented")
            #expect(key.value(of: toml) == key.standard, "\(key.path) is documented with another default")
        }
        #expect(found.count == SettingKey.all.count - 1)
    }

    @Test func `the development file is good`() throws {
        let configuration = try Configuration.load(file: Self.checkout + "/Config/development.toml")
        #expect(configuration.limits.eventsPerMinutePerKey == 0)
        #expect(configuration.dataDirectory.hasSuffix("/var/lib"))
        #expect(configuration.dataDirectory.hasPrefix("/"))
    }

    @Test func `a flag wins over the environment, that over the file, that over the default`() throws {
        let text = "log_level = \"debug\"\n[log]\nsegment_mib = 8\nmin_free_mib = 9\n"
        let environment = ["MILLRACE_LOG_SEGMENT_MIB": "16", "MILLRACE_LOG_LEVEL": "error"]
        let configuration = try load(text, environment: environment, overrides: ["log_level": "trace"])
        #expect(configuration.log.segmentMiB == 16)
        #expect(configuration.log.minFreeMiB == 9)
        #expect(configuration.log.keepLoadedMinutes == 60)
        #expect(configuration.logLevel == "trace")
    }

    @Test func `an empty environment variable counts as not set`() throws {
        #expect(try load("", environment: ["MILLRACE_LOG_SEGMENT_MIB": ""]).log.segmentMiB == 64)
    }

    @Test func `an unknown key is refused with its path, its line and the nearest known key`() throws {
        let error = try #require(refusal("[log]\n\n# size\nsegment_mb = 8\n"))
        #expect(error.code == .unknownKey)
        #expect(error.exitCode == .badConfiguration)
        #expect(error.description.contains("line 4"))
        #expect(error.description.contains("log.segment_mb"))
        #expect(error.description.contains("did you mean log.segment_mib?"))
    }

    @Test func `an unknown table without keys is refused`() throws {
        #expect(refusal("[lag]\n")?.code == .unknownKey)
        #expect(refusal("[log]\n") == nil)
    }

    @Test(arguments: [
        ("[log]\nsegment_mib = 0\n", "from 1 to 1024"),
        ("[log]\nsegment_mib = 1025\n", "from 1 to 1024"),
        ("[log]\nsegment_mib = \"8\"\n", "a whole number"),
        ("[log]\nsegment_mib = 8.5\n", "a whole number"),
        ("[ingest]\nhttp = \"7070\"\n", "host:port"),
        ("[ingest]\nhttp = \"127.0.0.1:70700\"\n", "host:port"),
        ("[ga4]\nbase_url = \"https://example.com/\"\n", "no slash at its end"),
        ("[ga4]\nbase_url = \"example.com\"\n", "http://"),
        ("[warehouse]\nengine = \"mysql\"\n", "\"duckdb\", \"clickhouse\""),
        ("[statistics]\nmixing_effect = 0\n", "from 0.0001 to 1.0"),
        ("[chatwoot]\nimages = 1\n", "true or false"),
        ("[funnel]\ncta_components = [1]\n", "a list of texts"),
        ("[[admin.users]]\nname = \"ada\"\npassword = \"x\"\n", "password_hash"),
        ("[[admin.users]]\nname = \"ada\"\npassword_hash = \"plain\"\n", "bcrypt"),
        ("[ga4]\nvariant_values = { A = 1 }\n", "a table of lists"),
    ])
    func `a value of a wrong type or out of bounds is refused with what is allowed`(text: String, allowed: String)
        throws
    {
        let error = try #require(refusal(text))
        #expect(error.code == .wrongValue)
        #expect(error.description.contains(allowed))
        #expect(error.description.contains("line "))
    }

    @Test func `a wrong environment variable is refused by its name`() throws {
        let error = try #require(refusal("", environment: ["MILLRACE_JOBS_MAX_ATTEMPTS": "many"]))
        #expect(error.description.contains("MILLRACE_JOBS_MAX_ATTEMPTS"))
        #expect(error.description.contains("from 1 to 100"))
    }

    @Test func `a text that is not TOML is refused with its line`() throws {
        let error = try #require(refusal("[log]\nsegment_mib = = 3\n"))
        #expect(error.code == .notTOML)
        #expect(error.description.contains("line 2"))
    }

    @Test func `a missing file is one clear sentence`() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.load(file: "/nonexistent/millrace.toml")
        }
        #expect(error?.code == .missingFile)
        #expect(error?.description.contains("/nonexistent/millrace.toml") == true)
    }

    @Test func `administrators and variant values are read`() throws {
        let text = """
            [[admin.users]]
            name = "ada"
            password_hash = "$2b$12$abcdefghijklmnopqrstuv"
            [ga4]
            variant_values = { A = ["old"], B = ["new", "newer"] }
            """
        let configuration = try load(text)
        #expect(configuration.adminUsers.map(\.name) == ["ada"])
        #expect(configuration.ga4.variantValues == ["A": ["old"], "B": ["new", "newer"]])
    }

    @Test func `a list comes from the environment by commas`() throws {
        let configuration = try load("", environment: ["MILLRACE_INGEST_TRUSTED_PROXIES": "10.0.0.0/8, ::1/128"])
        let blocks = ["10.0.0.0/8", "::1"].compactMap { AddressBlock($0) }
        #expect(configuration.ingest.trustedProxies == TrustedProxies(blocks))
    }

    @Test(arguments: ["10.0.0.0/33", "ten", ""])
    func `a trusted proxy that is neither address nor block is refused`(_ text: String) throws {
        for table in ["ingest", "api"] {
            let error = try #require(refusal("[\(table)]\ntrusted_proxies = [\"::1\", \"\(text)\"]\n"))
            #expect(error.code == .wrongValue && error.exitCode == .badConfiguration)
            #expect(error.description.contains("line 2") && error.description.contains("\(table).trusted_proxies"))
        }
        #expect(refusal("", environment: ["MILLRACE_API_TRUSTED_PROXIES": "::1,\(text.isEmpty ? "x" : text)"]) != nil)
    }

    @Test func `the country's header is a header's name, its database an absolute path`() throws {
        #expect(try load("").ingest.countryHeader == nil && load("").ingest.countryDatabase == nil)
        let text = "[ingest]\ncountry_header = \"CF-IPCountry\"\ncountry_database = \"/geo/country.mmdb\"\n"
        let ingest = try load(text).ingest
        #expect(ingest.countryHeader == "CF-IPCountry" && ingest.countryDatabase == "/geo/country.mmdb")
        #expect(try load("[ingest]\ncountry_database = \"a.mmdb\"\n").ingest.countryDatabase?.first == "/")
        for name in ["CF IPCountry", "X-Länder", "a:b", String(repeating: "x", count: 65)] {
            #expect(refusal("[ingest]\ncountry_header = \"\(name)\"\n")?.code == .wrongValue)
        }
    }
}
