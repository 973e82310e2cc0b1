import EventModel

/// A job that somebody wants.
package struct JobRequest: Sendable {
    package var kind: JobKind
    /// Nil: of no project.
    package var project: ProjectID?
    package var slot: Slot
    /// JSON, at most 64 KiB.
    package var payload: String
    package var askedBy: JobOrigin
    /// The job that has to complete first; where it fails for good, this one is cancelled.
    package var after: JobID?
    /// Not before this time by the real clock; nil: now.
    package var runAt: Timestamp?
    /// -100 to 100.
    package var priority: Int
    /// Nil: the configuration's.
    package var maxAttempts: Int?

    package init(
        _ kind: JobKind, project: ProjectID? = nil, slot: Slot = .request, payload: String = "{}",
        askedBy: JobOrigin, after: JobID? = nil, runAt: Timestamp? = nil, priority: Int = 0, maxAttempts: Int? = nil
    ) {
        self.kind = kind
        self.project = project
        self.slot = slot
        self.payload = payload
        self.askedBy = askedBy
        self.after = after
        self.runAt = runAt
        self.priority = priority
        self.maxAttempts = maxAttempts
    }
}

/// What became of a request.
package struct EnqueuedJob: Sendable, Equatable {
    /// The new job, or the one that had the slot.
    package let job: Job
    /// Whether this request made it.
    package let inserted: Bool
}
