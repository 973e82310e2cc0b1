import ControlStore
import EventModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import API

@Suite struct ServerTests {
    /// The schema's newest migration is that whose file is the last by name.
    private static let migrations = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/ControlStore/SQL/Migrations").path

    @Test func `health says version, schema and what the loader says`() async throws {
        try await RunningAPI.with { api in
            let before = try await api.get("/health")
            #expect(before.status == .ok)
            #expect(before.text.contains(#""loader":null"#))
            #expect(before.text.contains(#""version":"1.2.3""#))
            let files = try FileManager.default.contentsOfDirectory(atPath: Self.migrations)
            let schema = try #require(files.filter { $0.hasSuffix(".sql") }.max()).dropLast(4)
            #expect(before.text.contains("\"schema\":\"\(schema)\""), "\(before.text)")
            let directory = api.configuration.statusDirectory
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let status = #"{"lag_seconds":1.5,"loaded_sequence":42,"updated_at":"2025-11-21T12:00:00.000Z","other":[]}"#
            try Data(status.utf8).write(to: URL(filePath: directory + "/millrace-load.json"))
            let after = try await api.get("/health")
            #expect(after.text.contains(#""lag_seconds":1.5"#))
            #expect(after.text.contains(#""loaded_sequence":42"#))
        }
    }

    @Test func `health is a 503 once the database cannot be read`() async throws {
        try await RunningAPI.with { api in
            try api.store.close()
            let response = try await api.get("/health")
            #expect(response.status == .serviceUnavailable)
            #expect(response.text.contains(#""status":"unavailable""#))
            let metrics = try await api.get("/api/funnel-metrics", [.apiKey: "sk_live_x"])
            #expect(metrics.status == .serviceUnavailable)
            #expect(metrics.problem?.detail.contains("database") == true)
        }
    }

    @Test func `an unknown path is a 404 with problem details`() async throws {
        try await RunningAPI.with { api in
            let response = try await api.get("/nowhere?secret=1")
            #expect(response.status == .notFound)
            #expect(response.headers[.contentType] == "application/problem+json")
            let expected = ProblemDetails(
                type: "about:blank", title: "Not Found", status: 404, detail: "there is nothing at this path",
                instance: "/nowhere")
            #expect(response.problem == expected)
        }
    }

    @Test func `another method is a 405 that names what is allowed`() async throws {
        try await RunningAPI.with { api in
            for method: HTTPRequest.Method in [.post, .put, .delete, .patch, .options] {
                let response = try await api.get("/health", method: method)
                #expect(response.status == .methodNotAllowed)
                #expect(response.headers[.allow] == "GET, HEAD")
                #expect(response.problem?.status == 405)
            }
            let head = try await api.get("/health", method: .head)
            #expect(head.status == .ok)
            #expect(head.body.readableBytes == 0)
        }
    }

    @Test func `a body over the bound is a 413, also where the route takes none`() async throws {
        try await RunningAPI.with { api in
            let large = ByteBuffer(repeating: 0x20, count: ProblemMiddleware.maximumBodyBytes + 1)
            let response = try await api.get("/health", method: .post, body: large)
            #expect(response.status == .contentTooLarge)
            #expect(response.problem?.status == 413)
            #expect(try await api.get("/health").status == .ok)
        }
    }

    @Test func `no answer lets another origin read it, and each tells browsers what not to do`() async throws {
        try await RunningAPI.with { api in
            for path in ["/health", "/nowhere", "/admin/funnel-dashboard/"] {
                let response = try await api.get(path, [.origin: "https://evil.example"])
                #expect(response.headers[.accessControlAllowOrigin] == nil)
                #expect(response.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
                #expect(response.headers[.xContentTypeOptions] == "nosniff")
            }
        }
    }

    @Test func `an answer that takes too long becomes a 503`() async throws {
        struct Slow: HTTPResponder {
            func respond(to request: Request, context: APIContext) async throws -> Response {
                try await Task.sleep(for: .seconds(600))
                return Response(status: .ok)
            }
        }
        let application = Application(responder: RequestBounds(inner: Slow(), deadline: .milliseconds(5)))
        try await application.test(.live) { client in
            let response = try await client.execute(uri: "/", method: .get)
            #expect(response.status == .serviceUnavailable)
            #expect(response.headers[.retryAfter] == "1")
        }
    }

    @Test func `more calls than threads and places are refused, and later ones taken again`() async throws {
        let threads = BlockingThreads(threads: 1, maximumWaiting: 1)
        let gate = ThreadGate()
        try await withThrowingTaskGroup(of: Problem?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do { try await threads.run { gate.wait() } } catch let problem as Problem { return problem }
                    return nil
                }
            }
            // Two are held until the gate opens, so that the first to end is the one refused.
            let refused = try #require(try await group.next())
            #expect(refused?.status == .serviceUnavailable)
            gate.open(2)
            while let other = try await group.next() { #expect(other == nil) }
        }
        #expect(try await threads.run { 7 } == 7)
        try await threads.stop()
    }

    @Test func `an occupied port is one sentence and exit code 69`() async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await withTemporaryDirectory { directory in
            var configuration = try RunningAPI.configuration(in: directory)
            configuration.api.listen = "127.0.0.1:\(port)"
            let store = try TestDatabase.make(in: directory)
            let server = try APIServer(
                configuration: configuration, store: store, version: "1", logger: RunningAPI.quietLogger)
            let fixed = configuration
            let error = await #expect(throws: APIError.self) { try await server.run { fixed } }
            #expect(error?.code == .occupied)
            #expect(error?.exitCode == .unavailable)
            #expect(error?.description.contains("127.0.0.1:\(port)") == true)
            // It got as far as writing what the daemon needs.
            #expect(ProjectSnapshotFile.read(path: configuration.snapshotFile) != nil)
            // And left the status file to the one that listens.
            #expect(!FileManager.default.fileExists(atPath: configuration.statusDirectory + "/millrace-api.json"))
        }
        try await listener.close()
    }

    @Test func `a host that nobody knows is one sentence and exit code 78`() async throws {
        try await withTemporaryDirectory { directory in
            var configuration = try RunningAPI.configuration(in: directory)
            configuration.api.listen = "no-such-host.invalid:7080"
            let store = try TestDatabase.make(in: directory)
            let server = try APIServer(
                configuration: configuration, store: store, version: "1", logger: RunningAPI.quietLogger)
            let fixed = configuration
            let error = await #expect(throws: APIError.self) { try await server.run { fixed } }
            #expect(error?.code == .badAddress)
            #expect(error?.exitCode == .badConfiguration)
        }
    }

    @Test func `a missing database is one sentence and exit code 66`() async throws {
        try await withTemporaryDirectory { directory in
            let configuration = try RunningAPI.configuration(in: directory)
            let error = await #expect(throws: StoreError.self) {
                try await APIServer.runUntilSignalled(configuration, pages: [], reload: { configuration })
            }
            #expect(error?.exitCode == .noInput)
            #expect(error?.description.contains(directory) == true)
        }
    }

    @Test func `a hash that is not bcrypt stops the start with exit code 78`() throws {
        try withTemporaryDirectory { directory in
            var configuration = try RunningAPI.configuration(in: directory)
            configuration.adminUsers = [.init(name: "eve", passwordHash: "$2b$short")]
            let store = try TestDatabase.make(in: directory)
            let error = #expect(throws: APIError.self) {
                _ = try APIServer(
                    configuration: configuration, store: store, version: "1", logger: RunningAPI.quietLogger)
            }
            #expect(error?.exitCode == .badConfiguration)
            #expect(error?.description.contains("eve") == true)
        }
    }
}
