import EventModel
import Foundation
import Logging
import Synchronization
import TestKit
import WriteAheadLog

@testable import Ingest

/// A running daemon on sockets of its own, with a log of its own or one that the test steers.
struct TestServer {
    static let publicKey = "pk_live_public"
    static let secretKey = "sk_live_secret"
    static let project = ProjectID(rawValue: "proj_0123456789ab")
    static let json = ["X-API-Key": publicKey]

    let server: IngestServer
    let options: IngestOptions
    let directory: String
    let log: any DurableLog

    var port: Int { server.port }
    var logDirectory: String { directory + "/log" }

    static func snapshot(
        domains: [String] = [], keepQuery: [String] = [], perKey: Int? = nil, perAddress: Int? = nil,
        version: Int64 = 1
    ) -> ProjectSnapshot {
        let keys = [
            ProjectSnapshot.Key(keyID: "key_1", kind: .public, hash: sha256(publicKey)),
            ProjectSnapshot.Key(keyID: "key_2", kind: .secret, hash: sha256(secretKey)),
        ]
        return ProjectSnapshot(
            version: version,
            projects: [
                .init(
                    projectID: project, name: "Test", domains: domains, keepQuery: keepQuery,
                    eventsPerMinutePerKey: perKey, eventsPerMinutePerAddress: perAddress, keys: keys)
            ])
    }

    static func write(_ snapshot: ProjectSnapshot, to path: String) throws {
        try JSONEncoder().encode(snapshot).write(to: URL(filePath: path), options: .atomic)
    }

    /// Runs `body` beside a daemon, which is stopped afterwards.
    static func run(
        _ snapshot: ProjectSnapshot? = snapshot(), log: (any DurableLog)? = nil, clock: EventModel.Clock = .system,
        change: (inout IngestOptions) -> Void = { _ in }, body: (TestServer) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            var options = IngestOptions(directory: directory)
            options.bounds.tick = .milliseconds(20)
            options.bounds.lingerTimeout = .milliseconds(200)
            options.bounds.drainGrace = .milliseconds(50)
            change(&options)
            if let snapshot { try write(snapshot, to: options.snapshotFile) }
            let log =
                try log
                ?? LogWriter.open(
                    LogConfiguration(directory: directory + "/log", segmentBytes: 4 << 20, minFreeBytes: 0))
            let server = try await IngestServer.start(options, log: log, clock: clock, logger: quiet)
            do {
                try await body(TestServer(server: server, options: options, directory: directory, log: log))
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
        }
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    func client() throws -> TestClient { try TestClient(port: port) }

    /// One request on a connection of its own.
    func post(
        _ body: String, to target: String = "/api/v1/track", headers: [String: String] = json
    ) throws -> TestClient.Response {
        try client().request("POST", target, headers: headers, body: body)
    }

    /// What is in the log.
    func events() throws -> [Event] {
        var reader = try LogReader(directory: logDirectory, after: 0)
        var events: [Event] = []
        while let record = try reader.next() {
            events.append(try record.bytes.withUnsafeBytes { try Event(record: $0) })
        }
        return events
    }

    func onlyEvent() throws -> Event {
        let events = try events()
        guard events.count == 1 else { throw TestFailure("\(events.count) events in the log") }
        return events[0]
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func sha256(_ text: String) -> String { KeyDirectory.hash(of: Array(text.utf8)) }

/// Runs what blocks on a thread of its own, so that it takes none from the tests.
func onThread(_ body: @escaping @Sendable () -> Void) -> Task<Void, Never> {
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    Thread.detachNewThread {
        body()
        end.finish()
    }
    return Task { for await _ in ended {} }
}

/// A log whose disk is the test: nothing is durable before the test says so.
final class SteeredLog: DurableLog {
    private struct State {
        var last: UInt64 = 0
        var durable: UInt64 = 0
        var refusal: LogError?
        var subscribers: [@Sendable (LogProgress) -> Void] = []
    }

    private let state = Mutex(State())
    private let whenClosed: (@Sendable () -> Void)?

    /// Where `whenClosed` is given, all is durable when it is closed.
    init(whenClosed: (@Sendable () -> Void)? = nil) { self.whenClosed = whenClosed }

    var lastSequence: UInt64 { state.withLock { $0.last } }
    var durableSequence: UInt64 { state.withLock { $0.durable } }

    var refusal: LogError? { state.withLock { $0.refusal } }

    func refuse(with error: LogError?) { state.withLock { $0.refusal = error } }

    func append(_ batch: RecordBatch) throws(LogError) -> ClosedRange<UInt64> {
        try state.withLock { state throws(LogError) in
            if let refusal = state.refusal { throw refusal }
            let first = state.last + 1
            state.last += UInt64(batch.count)
            return first...state.last
        }
    }

    func subscribe(_ progress: @escaping @Sendable (LogProgress) -> Void) {
        state.withLock { $0.subscribers.append(progress) }
    }

    /// Waits until so many records were appended, five seconds at most.
    func waitForSequence(_ sequence: UInt64) async throws {
        for _ in 0..<5_000 where lastSequence < sequence { try await Task.sleep(for: .milliseconds(1)) }
        guard lastSequence >= sequence else { throw TestFailure("only \(lastSequence) records came") }
    }

    func makeDurable() {
        tell(
            .durable(
                through: state.withLock {
                    $0.durable = $0.last; return $0.last
                }))
    }

    func fail(_ range: ClosedRange<UInt64>) { tell(.failed(range, LogError(.failed, "the test failed it"))) }

    private func tell(_ progress: LogProgress) {
        for subscriber in state.withLock({ $0.subscribers }) { subscriber(progress) }
    }

    func close() {
        guard let whenClosed else { return }
        whenClosed()
        makeDurable()
    }
}
