import ControlStore
import EventModel
import JobQueue

/// The work of one kind of job.
package protocol JobHandler: Sendable {
    var kind: JobKind { get }
    /// When jobs of the kind are planned; nil: only on request.
    var schedule: Schedule? { get }

    /// Does the job. What it throws fails the attempt, which is then retried; what no repetition can mend is a
    /// `.discard`. Writes nothing but what `context.whileHolding` or the outcome's `publish` write: a worker that lost
    /// its claim must not leave a trace. Ends soon once its task is cancelled.
    func run(_ job: Job, _ context: WorkerContext) async throws -> JobOutcome
}

/// How a job's attempt ended, where it did not throw.
package enum JobOutcome: Sendable {
    /// `result` is a JSON object; `publish` writes in the transaction that completes the job, or not at all.
    case completed(result: String, publish: @Sendable (StoreTransaction) throws -> Void)
    /// Not now: something of ours is not ready. The time is by the context's clock; no attempt is used up.
    case snooze(until: Timestamp, why: String)
    /// No repetition can mend it.
    case discard(reason: String)
}

/// An error of a service that said when to ask again.
package protocol RetryAfterError: Error {
    /// Nil where it did not say.
    var retryAfter: Duration? { get }
}
