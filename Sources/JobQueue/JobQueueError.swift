import EventModel

/// What the job table refused.
package struct JobQueueError: ExitCoded {
    package enum Code: Sendable, Equatable {
        case notFound
        /// The job's state does not allow the move.
        case refusedMove
        /// The claim is no longer the job's: it was rescued, cancelled, or claimed by another.
        case claimLost
        /// The payload is no JSON, or too long.
        case wrongRequest
    }

    package let code: Code
    /// What was attempted, on which job, what stands in the way, and what to do.
    package let message: String
    package let underlying: (any Error)?

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    init(_ refusal: JobRefusal, _ what: String, _ job: Job) {
        switch refusal {
        case .fenced:
            self.init(
                .claimLost,
                "\(what) \(job.id) failed: the claim is not this worker's any more (the job is "
                    + "\(job.state)); nothing was written", underlying: refusal)
        case .wrongState(let state):
            self.init(.refusedMove, "\(what) \(job.id) is not possible: it is \(state)", underlying: refusal)
        case .notYet(let time):
            self.init(
                .refusedMove, "\(what) \(job.id) is not possible: it is \(job.state) until \(time.wholeSecondsText)",
                underlying: refusal)
        case .waitsForAnother(let state):
            self.init(
                .refusedMove,
                "\(what) \(job.id) is not possible: it waits for \(job.after?.rawValue ?? "a job"), "
                    + "which is \(state)", underlying: refusal)
        case .leaseHolds(let owner):
            self.init(.refusedMove, "\(what) \(job.id) is not possible: \(owner) holds its lease", underlying: refusal)
        }
    }

    package var exitCode: ExitCode {
        switch code {
        case .notFound: .noInput
        case .refusedMove: .failed
        case .claimLost: .tryAgain
        case .wrongRequest: .badData
        }
    }

    package var description: String { message }
}
