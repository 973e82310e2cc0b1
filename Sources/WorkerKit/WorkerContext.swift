import ControlStore
import EventModel
import JobQueue
import Logging
import Settings
import Synchronization

/// What a job has to work with.
package struct WorkerContext: Sendable {
    package let configuration: Configuration
    package let store: ControlStore
    package let queue: JobQueue
    /// Moved by `MILLRACE_NOW`: slots, windows and dates are by it.
    package let clock: Clock
    /// Carries the job's fields while one runs.
    package var logger: Logger
    package let report: any WorkerReport
    package let stop: StopSignal
    /// What is computed is shown, and nothing kept: outside services may be asked, but nothing is written.
    package let isDryRun: Bool
    /// The job under way; nil in a dry run.
    var run: JobRun?

    package init(
        configuration: Configuration, store: ControlStore, queue: JobQueue, clock: Clock, logger: Logger,
        report: any WorkerReport = SilentReport(), stop: StopSignal = StopSignal(), isDryRun: Bool = false
    ) {
        self.configuration = configuration
        self.store = store
        self.queue = queue
        self.clock = clock
        self.logger = logger
        self.report = report
        self.stop = stop
        self.isDryRun = isDryRun
    }

    /// What the job is at: one short sentence.
    package func progress(_ message: String) { progress(nil, message) }

    /// How far the job is: `fraction` is 0 to 1, nil to leave it; `message` one short sentence. Kept with the next
    /// heartbeat, so it costs little.
    package func progress(_ fraction: Double?, _ message: String) {
        run?.state.withLock { state in
            state.progress = fraction ?? state.progress
            state.message = message
        }
        if let run { report.status("\(run.claimed.job.kind) \(run.claimed.job.slot): \(message)") }
        report.alive()
    }

    /// Adds to the events that the job has dealt with, for its record in the journal.
    package func count(events: Int) { run?.state.withLock { $0.events += events } }

    /// Runs `body` in one transaction that holds only while this worker's claim does: for what has to be kept before
    /// the job's end. In a dry run nothing is written, and `body` not run.
    package func whileHolding(_ body: (StoreTransaction) throws -> Void) throws {
        guard let run else { return }
        try queue.whileHolding(run.claimed.claim, body)
    }
}

/// A claimed job while its worker is at it.
final class JobRun: Sendable {
    struct State {
        var progress = 0.0
        var message = ""
        var events = 0
        var isLost = false
    }

    let claimed: ClaimedJob
    let state = Mutex(State())

    init(_ claimed: ClaimedJob) { self.claimed = claimed }

    var events: Int { state.withLock(\.events) }
    var isLost: Bool { state.withLock(\.isLost) }

    /// Holds the claim; false once it is lost. Another failure (a busy database) leaves it to the next beat: a lease
    /// is several beats long.
    func beat(_ queue: JobQueue) -> Bool {
        let now = state.withLock { ($0.progress, $0.message) }
        do {
            try queue.heartbeat(claimed.claim, progress: now.0, message: now.1)
        } catch let error as JobQueueError where error.code == .claimLost {
            state.withLock { $0.isLost = true }
            return false
        } catch {
            return true
        }
        return true
    }
}
