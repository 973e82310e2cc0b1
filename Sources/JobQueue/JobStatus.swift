import EventModel

/// Who works on a job, and until when he need not be asked whether he still lives.
package struct Lease: Sendable, Equatable {
    package let owner: String
    package let bootID: String
    /// Since that boot.
    package let endsAt: Duration

    package init(owner: String, bootID: String, endsAt: Duration) {
        self.owner = owner
        self.bootID = bootID
        self.endsAt = endsAt
    }

    /// Whether nobody can hold it any more: its time is over, or the machine booted since.
    package func isOver(bootID: String, now: Duration) -> Bool { bootID != self.bootID || endsAt <= now }
}

/// The state machine of a job: what may become of it, decided without a database and without a clock.
///
/// ```
/// scheduled → available → running → completed
///                 ↑          ├→ retryable → available   failed, attempts left
///                 │          ├→ discarded               failed for good
///                 └──────────┴→ snoozed → available     not now; no attempt is used up
/// running → available    the lease ran out; the attempt is used
/// any but completed, discarded → cancelled;   discarded, cancelled → available by hand
/// ```
package struct JobStatus: Sendable, Equatable {
    package var state: JobState
    /// How many attempts were begun and not put off; 0 before the first.
    package var attempt: Int
    package var maxAttempts: Int
    /// Not before this time, by the real clock.
    package var runAt: Timestamp
    /// The number of the latest claim, 0 before the first.
    package var fence: Int64
    /// Held while it runs, and only then.
    package var lease: Lease?

    package init(
        state: JobState, attempt: Int = 0, maxAttempts: Int, runAt: Timestamp, fence: Int64 = 0, lease: Lease? = nil
    ) {
        self.state = state
        self.attempt = attempt
        self.maxAttempts = maxAttempts
        self.runAt = runAt
        self.fence = fence
        self.lease = lease
    }
}

/// What is asked of a job.
package enum JobMove: Sendable, Equatable {
    /// Its time has come. `awaiting` is the state of the job it waits for, nil where there is none.
    case promote(now: Timestamp, awaiting: JobState?)
    case claim(fence: Int64, lease: Lease)
    case heartbeat(fence: Int64, lease: Lease)
    case complete(fence: Int64)
    /// The attempt failed; the next one comes after `delay`, where any is left.
    case fail(fence: Int64, now: Timestamp, delay: Duration)
    /// No repetition can mend it.
    case discard(fence: Int64)
    case snooze(fence: Int64, until: Timestamp)
    case rescue(bootID: String, now: Duration)
    case cancel
    /// A person's: with `attempts` more of them at least.
    case retry(now: Timestamp, attempts: Int)
}

/// What a move brings with it beyond the job's own row.
package enum JobConsequence: Sendable, Equatable {
    /// The worker of its kind has something to do.
    case wake
    case releaseFollowers
    case cancelFollowers
}

/// Why a move is not allowed; then nothing changes.
package enum JobRefusal: Error, Equatable {
    /// The diagram has no such arrow.
    case wrongState(JobState)
    /// Another claim came after the one that is named, or none holds the job.
    case fenced(held: Int64, named: Int64)
    case notYet(until: Timestamp)
    case waitsForAnother(JobState)
    case leaseHolds(owner: String)
}
