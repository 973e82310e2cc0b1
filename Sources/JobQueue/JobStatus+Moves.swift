import EventModel

extension JobStatus {
    /// The status after the move, and what else has to happen in the same transaction.
    package func applying(
        _ move: JobMove
    ) throws(JobRefusal) -> (status: JobStatus, consequences: [JobConsequence]) {
        var next = self
        switch move {
        case .promote(let now, let awaiting):
            try next.promote(now: now, awaiting: awaiting)
            return (next, [.wake])
        case .claim(let fence, let lease):
            try require(.available)
            next.begin(fence: fence, lease: lease)
            return (next, [])
        case .heartbeat(let fence, let lease):
            try requireHeld(by: fence)
            next.lease = lease
            return (next, [])
        case .complete(let fence):
            try requireHeld(by: fence)
            next.leave(for: .completed)
            return (next, [.releaseFollowers])
        case .fail(let fence, let now, let delay):
            try requireHeld(by: fence)
            return next.afterFailure(waiting: .retryable, until: now + delay)
        case .discard(let fence):
            try requireHeld(by: fence)
            next.leave(for: .discarded)
            return (next, [.cancelFollowers])
        case .snooze(let fence, let until):
            try requireHeld(by: fence)
            next.leave(for: .snoozed)
            next.attempt -= 1
            next.runAt = until
            return (next, [])
        case .rescue(let bootID, let now):
            try require(.running)
            if let lease, !lease.isOver(bootID: bootID, now: now) { throw .leaseHolds(owner: lease.owner) }
            return next.afterFailure(waiting: .available, until: runAt)
        case .cancel:
            guard !state.isFinal else { throw .wrongState(state) }
            next.leave(for: .cancelled)
            return (next, [.cancelFollowers])
        case .retry(let now, let attempts):
            guard state == .discarded || state == .cancelled else { throw .wrongState(state) }
            next.leave(for: .available)
            next.maxAttempts = max(maxAttempts, attempt + attempts)
            next.runAt = now
            return (next, [.wake])
        }
    }

    private mutating func promote(now: Timestamp, awaiting: JobState?) throws(JobRefusal) {
        guard state == .scheduled || state == .retryable || state == .snoozed else { throw .wrongState(state) }
        guard runAt <= now else { throw .notYet(until: runAt) }
        if state == .scheduled, let awaiting, awaiting != .completed { throw .waitsForAnother(awaiting) }
        state = .available
    }

    private mutating func begin(fence: Int64, lease: Lease) {
        state = .running
        attempt += 1
        self.fence = fence
        self.lease = lease
    }

    private mutating func leave(for state: JobState) {
        self.state = state
        lease = nil
    }

    /// The attempt is used: the job waits in `state`, or is discarded where it was the last one.
    private mutating func afterFailure(
        waiting state: JobState, until time: Timestamp
    ) -> (status: JobStatus, consequences: [JobConsequence]) {
        guard attempt < maxAttempts else {
            leave(for: .discarded)
            return (self, [.cancelFollowers])
        }
        leave(for: state)
        runAt = time
        return (self, state == .available ? [.wake] : [])
    }

    private func require(_ wanted: JobState) throws(JobRefusal) {
        guard state == wanted else { throw .wrongState(state) }
    }

    private func requireHeld(by fence: Int64) throws(JobRefusal) {
        guard state == .running, fence == self.fence else { throw .fenced(held: self.fence, named: fence) }
    }
}

/// How long a failed job waits for its next attempt.
package struct Backoff: Sendable, Equatable {
    /// The longest wait of ours; a service's own wish may be longer.
    package static let longest = Duration.seconds(3_600)
    /// The longest wish of a service that is heard.
    package static let longestRetryAfter = Duration.seconds(30 * 86_400)
    /// How far chance moves it to either side.
    package static let jitter = 0.1

    package let seconds: Double

    package init(seconds: Double) { self.seconds = seconds }

    /// attempt⁴ × seconds × (1 + `jitter`), at most an hour; `retryAfter` wins. `jitter` is -0.1 to 0.1.
    package func delay(attempt: Int, jitter: Double, retryAfter: Duration?) -> Duration {
        if let retryAfter { return min(max(retryAfter, .zero), Self.longestRetryAfter) }
        let attempt = Double(attempt)
        let wait = attempt * attempt * attempt * attempt * seconds * (1 + jitter)
        return .milliseconds(Int64(min(max(wait, 0), Self.longest.fractionalSeconds) * 1_000))
    }
}
