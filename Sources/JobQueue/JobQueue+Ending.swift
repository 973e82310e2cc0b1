import ControlStore
import EventModel
import GRDB

extension JobQueue {
    /// Ends the job well: what `publish` writes commits with its completion, or neither does.
    ///
    /// Throws `.claimLost` before `publish` runs where the claim is not the job's any more. An error of `publish`
    /// passes through, and the job goes on running. `result` is JSON.
    @discardableResult
    package func complete(
        _ claim: Claim, result: String = "{}", publish: (StoreTransaction) throws -> Void = { _ in }
    ) throws -> Job {
        try write("completing \(claim.jobID)") { transaction in
            let job = try held(claim, in: transaction)
            let completed = try move(job, .complete(fence: claim.fence), "completing", in: transaction) {
                $0.progress = 1
                $0.result = result
            }
            try publish(transaction)
            return completed
        }
    }

    /// Ends the attempt as failed: the job is retried after the back-off, or after `retryAfter` where a service asked
    /// for that; where no attempt is left it is discarded, and those that wait for it are cancelled.
    @discardableResult
    package func fail(_ claim: Claim, error: String, retryAfter: Duration? = nil) throws -> Job {
        try write("failing \(claim.jobID)") { transaction in
            let job = try held(claim, in: transaction)
            let delay = configuration.backoff.delay(
                attempt: job.attempt, jitter: jitter(), retryAfter: retryAfter)
            let now = realTime.now()
            return try move(job, .fail(fence: claim.fence, now: now, delay: delay), "failing", in: transaction) {
                $0.record(error, at: now)
            }
        }
    }

    /// Ends the job for good, whatever attempts are left: no repetition can mend `reason`.
    @discardableResult
    package func discard(_ claim: Claim, reason: String) throws -> Job {
        try write("discarding \(claim.jobID)") { transaction in
            let job = try held(claim, in: transaction)
            return try move(job, .discard(fence: claim.fence), "discarding", in: transaction) {
                $0.record(reason, at: realTime.now())
            }
        }
    }

    /// Puts the job off until a time of the real clock, without using up the attempt.
    @discardableResult
    package func snooze(_ claim: Claim, until time: Timestamp, why: String = "") throws -> Job {
        try write("snoozing \(claim.jobID)") { transaction in
            let job = try held(claim, in: transaction)
            return try move(job, .snooze(fence: claim.fence, until: time), "snoozing", in: transaction) {
                $0.message = why
            }
        }
    }

    /// Cancels the job and all that wait for it; one that runs can write nothing from now on. Throws `.refusedMove`
    /// where it has ended.
    @discardableResult
    package func cancel(_ id: JobID, reason: String = "by hand") throws -> Job {
        try write("cancelling \(id)") { transaction in
            let job = try find(id, in: transaction)
            return try move(job, .cancel, "cancelling", in: transaction) { $0.message = reason }
        }
    }

    /// Makes a discarded or cancelled job available again, with as many attempts as a new one has.
    @discardableResult
    package func retry(_ id: JobID) throws -> Job {
        try write("retrying \(id)") { transaction in
            let job = try find(id, in: transaction)
            let move = JobMove.retry(now: realTime.now(), attempts: configuration.maxAttempts)
            return try self.move(job, move, "retrying", in: transaction) {
                $0.message = ""
                $0.progress = 0
            }
        }
    }
}

extension Job {
    /// Keeps why the attempt failed.
    mutating func record(_ error: String, at time: Timestamp) {
        let text = error.cut(toCodePoints: JobQueue.maximumTextLength)
        errors.append(AttemptError(attempt: attempt, at: time.description, error: text))
        errors.removeFirst(max(0, errors.count - JobQueue.maximumErrors))
        message = text
    }
}
