import EventModel

/// Where a job stands; `JobStatus` says which moves there are between them.
package enum JobState: String, Sendable, CaseIterable, Codable {
    /// Waits for its time, or for another job.
    case scheduled
    case available, running
    /// Failed, and waits for its next attempt.
    case retryable
    /// Put off by its worker: no attempt was used up.
    case snoozed
    case completed
    /// Failed for good.
    case discarded
    case cancelled

    /// Nothing but a person's retry moves it on.
    package var isFinal: Bool { self == .completed || self == .discarded || self == .cancelled }
}

/// What a job does; one program works on each kind.
package enum JobKind: String, Sendable, CaseIterable, Codable {
    case aggregate, advise, refresh, retain, chatwoot, optimize, insight, backup, erase
}

/// Who queued a job.
package enum JobOrigin: String, Sendable, CaseIterable, Codable {
    case timer, api, cli, job
}

/// Why one attempt failed: an entry of `jobs.errors`.
package struct AttemptError: Sendable, Equatable, Codable {
    package let attempt: Int
    /// ISO 8601.
    package let at: String
    package let error: String
}

/// One row of `jobs`.
package struct Job: Sendable, Equatable {
    package let id: JobID
    package let kind: JobKind
    /// Nil: of no project.
    package let projectID: ProjectID?
    /// `2025-01-01T12:00Z` for a planned time, `manual:<job id>` for a request.
    package let slot: String
    /// JSON.
    package let payload: String
    /// -100 to 100; the highest is claimed first.
    package let priority: Int
    package let queuedAt: Timestamp
    package let askedBy: JobOrigin
    /// The job that has to complete before this one runs.
    package let after: JobID?
    /// State, attempts and lease: what decides which moves are allowed.
    package internal(set) var status: JobStatus
    /// For people: when the lease runs out by the clock on the wall.
    package internal(set) var leasedUntil: Timestamp?
    package internal(set) var heartbeatAt: Timestamp?
    package internal(set) var startedAt: Timestamp?
    package internal(set) var finishedAt: Timestamp?
    /// 0 to 1.
    package internal(set) var progress: Double
    /// One short sentence: what it does, or why it waits or ended.
    package internal(set) var message: String
    /// One entry for each attempt that failed, the oldest first.
    package internal(set) var errors: [AttemptError]
    /// JSON, where it completed.
    package internal(set) var result: String?
    /// Of the latest attempt.
    package internal(set) var runID: String?

    package var state: JobState { status.state }
    package var attempt: Int { status.attempt }
    package var maxAttempts: Int { status.maxAttempts }
    package var runAt: Timestamp { status.runAt }
    package var leaseOwner: String? { status.lease?.owner }

    /// A job that stands in no table, for a run of which nothing is kept.
    package static func trial(_ kind: JobKind, slot: Slot, payload: String, now: Timestamp) -> Job {
        let id = JobID.random()
        return Job(
            id: id, kind: kind, projectID: nil, slot: slot.text(for: id), payload: payload, priority: 0,
            queuedAt: now, askedBy: .cli, after: nil,
            status: JobStatus(state: .running, attempt: 1, maxAttempts: 1, runAt: now), leasedUntil: nil,
            heartbeatAt: nil, startedAt: now, finishedAt: nil, progress: 0, message: "", errors: [], result: nil,
            runID: nil)
    }

    /// The planned time where the slot is one.
    package var plannedAt: Timestamp? { Slot(text: slot)?.plannedAt }
}

/// A worker's hold on a job: what it writes of the job succeeds only while the fence is the job's.
package struct Claim: Sendable, Equatable {
    package let jobID: JobID
    package let kind: JobKind
    /// Grows with every claim of any job.
    package let fence: Int64
    package let owner: String
    /// `run_` and 12 hexadecimal digits, new for each attempt.
    package let runID: String
}

/// A job with the claim that its worker works under.
package struct ClaimedJob: Sendable, Equatable {
    package let job: Job
    package let claim: Claim
}
