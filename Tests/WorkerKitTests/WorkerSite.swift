import ControlStore
import EventModel
import JobQueue
import Logging
import Settings
import Synchronization
import Telemetry
import TestKit

@testable import WorkerKit

/// A worker over a job table of its own, with clocks that move only when told to.
struct WorkerSite {
    static let start = Timestamp(milliseconds: 1_735_732_800_000)  // 2025-01-01T12:00:00Z

    let queue: JobQueue
    let context: WorkerContext
    let realTime = ManualClock(WorkerSite.start)
    let bootTime = ManualBootClock()
    let lines = Lines()

    /// `now` is what MILLRACE_NOW would say; `lease` sets the heartbeat, a quarter of it.
    init(_ directory: String, now: Timestamp = WorkerSite.start, lease: Duration = .seconds(60)) throws {
        let clock = Clock.fixed(now)
        let store = try TestDatabase.make(in: directory, clock: clock)
        queue = JobQueue(
            store: store,
            configuration: JobQueueConfiguration(lease: lease, wakeDirectory: directory + "/wake"),
            clock: bootTime.clock, realTime: realTime.clock, jitter: { 0 })
        let lines = lines
        let logger = Logger(label: "worker") { _ in
            LogfmtHandler(program: "worker", logLevel: .debug) { line in lines.add(line) }
        }
        context = WorkerContext(
            configuration: try Configuration.load(file: nil, overrides: ["data_dir": directory]), store: store,
            queue: queue, clock: clock, logger: logger)
    }

    func worker(_ handler: some JobHandler) -> Worker { Worker(handler, context, owner: "test/worker/1") }

    func worker(_ body: @escaping @Sendable (Job, WorkerContext) async throws -> JobOutcome) -> Worker {
        worker(ClosureHandler(body: body))
    }

    func enqueue(_ kind: JobKind = .aggregate) throws -> Job { try queue.enqueue(kind, askedBy: .api).job }

    /// What was logged.
    final class Lines: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func add(_ line: String) { state.withLock { $0.append(line) } }
    }
}

/// A job that is a closure.
struct ClosureHandler: JobHandler {
    var kind = JobKind.aggregate
    var schedule: Schedule? = .every(hours: 12, catchUp: .every)
    let body: @Sendable (Job, WorkerContext) async throws -> JobOutcome

    func run(_ job: Job, _ context: WorkerContext) async throws -> JobOutcome { try await body(job, context) }
}

extension JobOutcome {
    static let done = JobOutcome.completed(result: "{}") { _ in }
}

struct ServiceUnavailable: RetryAfterError, CustomStringConvertible {
    let retryAfter: Duration?
    var description: String { "the service answered 503" }
}
