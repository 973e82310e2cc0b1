import ControlStore
import Dashboard
import EventModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import KeyValue
import Logging
import Settings
import TestKit

@testable import API

/// A real server over a migrated database of its own, and what tests do with it.
struct RunningAPI: Sendable {
    static let userName = "ada"
    static let password = "difference engine"
    static let start = Timestamp(milliseconds: 1_763_726_400_000)  // 2025-11-21T12:00:00Z

    let store: ControlStore
    let clock: ManualClock
    let configuration: Configuration
    let server: APIServer
    let client: any TestClientProtocol

    /// Starts the server on a free port of loopback and stops it after `body`.
    static func with(
        _ change: @Sendable (inout Configuration) -> Void = { _ in },
        prepare: @Sendable (ControlStore) throws -> Void = { _ in },
        _ body: @Sendable (RunningAPI) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let clock = ManualClock(start)
            let store = try TestDatabase.make(in: directory, clock: clock.clock)
            try prepare(store)
            var configuration = try configuration(in: directory)
            change(&configuration)
            let server = try APIServer(
                configuration: configuration, store: store, version: "1.2.3", logger: quietLogger,
                pages: [{ Dashboard.add(to: $0, services: $1) }])
            let fixed = configuration
            try await server.application().test(.live) { client in
                try await body(
                    RunningAPI(store: store, clock: clock, configuration: fixed, server: server, client: client))
            }
        }
    }

    static func configuration(in directory: String) throws -> Configuration {
        var configuration = try Configuration.load(
            file: nil,
            environment: ["MILLRACE_DATA_DIR": directory, "MILLRACE_RUNTIME_DIR": directory + "/run"])
        // Cost 4, the least there is: tests wait for what they test, not for bcrypt.
        configuration.adminUsers = [
            Configuration.AdminUser(name: userName, passwordHash: try bcryptHash(password, cost: 4))
        ]
        return configuration
    }

    static var quietLogger: Logger {
        Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    }

    func get(
        _ uri: String, _ headers: HTTPFields = [:], method: HTTPRequest.Method = .get, body: ByteBuffer? = nil
    ) async throws -> TestResponse {
        try await client.execute(uri: uri, method: method, headers: headers, body: body)
    }

    /// The headers of the one user there is, or of whom the test names.
    static func basic(_ name: String = userName, _ password: String = password) -> HTTPFields {
        [.authorization: "Basic " + Data("\(name):\(password)".utf8).base64EncodedString()]
    }

    func key(of project: ProjectID, _ kind: ProjectSnapshot.Kind) throws -> String {
        try store.write { try $0.createKey(project: project, kind: kind).plainText }
    }

    func put(_ key: String, _ json: String, livesFor: Duration? = nil) throws {
        try store.write {
            try KeyValueStore(namespace: "FUNNEL_DATA").put(key, json: json, livesFor: livesFor, in: $0)
        }
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    /// The members of problem details.
    var problem: ProblemDetails? { try? JSONDecoder().decode(ProblemDetails.self, from: Data(buffer: body)) }
}

struct ProblemDetails: Decodable, Equatable {
    let type: String
    let title: String
    let status: Int
    let detail: String
    let instance: String
}
