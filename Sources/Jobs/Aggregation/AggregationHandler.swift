import ControlStore
import EventModel
import JobQueue
import Settings
import Synchronization
import Warehouse
import WorkerKit

/// The worker's side of the aggregation.
package struct AggregationHandler: JobHandler {
    /// For so long a run waits for the loader before it is put off.
    static let patience = Duration.seconds(20)
    static let pollInterval = Duration.milliseconds(200)
    /// For so long it is put off then.
    static let snooze = Duration.seconds(15)

    package let kind = JobKind.aggregate
    package var schedule: Schedule? { AggregationJob.schedule }
    private let patience: Duration
    private let openWarehouse: @Sendable () throws -> any EventWarehouse

    /// Opens the warehouse when a job needs it.
    package init(_ configuration: Configuration) {
        self.init(patience: Self.patience) {
            let settings = DuckDBSettings(
                memoryLimitMiB: configuration.warehouse.memoryLimitMiB, threads: configuration.warehouse.threads,
                temporaryDirectory: configuration.dataDirectory + "/spill-aggregate")
            let library = try DuckDBLibrary.locate(configured: configuration.warehouse.duckdbLibrary)
            return try DuckDBWarehouse(settings, library: library)
        }
    }

    init(patience: Duration, openWarehouse: @escaping @Sendable () throws -> any EventWarehouse) {
        self.patience = patience
        self.openWarehouse = openWarehouse
    }

    package func run(_ job: Job, _ context: WorkerContext) async throws -> JobOutcome {
        let barrier = LoadBarrier(store: context.store, logDirectory: context.configuration.logDirectory)
        guard try await waitUntilLoaded(job, barrier, context) else {
            return .snooze(
                until: context.clock.now() + Self.snooze, why: "waits for the loader: not all of the log is loaded yet")
        }
        let openWarehouse = openWarehouse
        let cancellation = Cancellation()
        let outcome = try await withTaskCancellationHandler {
            try await BlockingThread.run {
                let aggregator = Aggregator(
                    store: context.store, warehouse: try openWarehouse(),
                    settings: AggregationSettings(context.configuration), clock: context.clock)
                return try AggregationJob(aggregator: aggregator).run(job) { done, what in
                    try cancellation.check()
                    context.progress(done, what)
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        return .completed(result: outcome.result) { transaction in try outcome.publish(in: transaction) }
    }

    /// False where the loader did not come as far as the log was when the job was queued, in the time it is given.
    private func waitUntilLoaded(_ job: Job, _ barrier: LoadBarrier, _ context: WorkerContext) async throws -> Bool {
        let deadline = ContinuousClock.now + patience
        while true {
            // Times of receipt are the real clock's, and so is queued_at, which is never before the job's slot.
            if try await BlockingThread.run({ try barrier.isLoaded(through: job.queuedAt) }) { return true }
            guard ContinuousClock.now < deadline else { return false }
            context.progress(nil, "waits for the loader")
            try await Task.sleep(for: Self.pollInterval)
        }
    }
}

/// Tells a thread that its task was cancelled.
private final class Cancellation: Sendable {
    private let isCancelled = Mutex(false)

    func cancel() { isCancelled.withLock { $0 = true } }

    func check() throws {
        if isCancelled.withLock({ $0 }) { throw CancellationError() }
    }
}
