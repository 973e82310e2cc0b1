import ControlStore
import EventModel
import GRDB

extension JobQueue {
    /// Claims the available job of the kind with the highest priority, the oldest of those; nil where none waits.
    ///
    /// `owner` names the worker for people: host, program, process id. The claim holds for the configuration's lease
    /// from the last heartbeat on.
    package func claim(_ kind: JobKind, owner: String) throws -> ClaimedJob? {
        try write("claiming a job") { transaction in
            let row = try Row.fetchOne(
                transaction.database, sql: JobSQL.nextAvailable, arguments: ["kind": kind.rawValue])
            guard let row else { return nil }
            return try claim(try Job(row), owner: owner, in: transaction)
        }
    }

    /// Claims this job; throws `.refusedMove` where it is not available.
    package func claim(id: JobID, owner: String) throws -> ClaimedJob {
        try write("claiming \(id)") { transaction in
            try claim(try find(id, in: transaction), owner: owner, in: transaction)
        }
    }

    /// Holds the claim for another lease. Throws `.claimLost` where it is not the job's any more: then nothing that
    /// the worker still does can be written, and it had better stop.
    ///
    /// - Parameters:
    ///   - progress: 0 to 1, nil to leave it.
    ///   - message: one short sentence, nil to leave it.
    package func heartbeat(_ claim: Claim, progress: Double? = nil, message: String? = nil) throws {
        try write("the heartbeat of \(claim.jobID)") { transaction in
            let job = try held(claim, in: transaction)
            let lease = newLease(owner: claim.owner)
            try move(job, .heartbeat(fence: claim.fence, lease: lease), "holding", in: transaction) {
                $0.leasedUntil = realTime.now() + configuration.lease
                $0.heartbeatAt = realTime.now()
                if let progress { $0.progress = min(max(progress, 0), 1) }
                if let message { $0.message = message }
            }
        }
    }

    /// Runs `body` in a transaction that holds only while the claim does: for what a job writes before its end.
    /// Throws `.claimLost` otherwise, and nothing is written.
    package func whileHolding<Value>(
        _ claim: Claim, _ body: (StoreTransaction) throws -> Value
    ) throws -> Value {
        try write("writing for \(claim.jobID)") { transaction in
            let job = try held(claim, in: transaction)
            guard job.state == .running, job.status.fence == claim.fence else {
                throw JobQueueError(.fenced(held: job.status.fence, named: claim.fence), "writing for", job)
            }
            return try body(transaction)
        }
    }

    /// The job of a claim; one that is gone is a claim lost.
    func held(_ claim: Claim, in transaction: StoreTransaction) throws -> Job {
        do {
            return try find(claim.jobID, in: transaction)
        } catch let error as JobQueueError where error.code == .notFound {
            throw JobQueueError(
                .claimLost, "the job \(claim.jobID) is gone, and this worker's claim with it; nothing was written")
        }
    }

    private func claim(_ job: Job, owner: String, in transaction: StoreTransaction) throws -> ClaimedJob {
        guard job.state == .available else {
            throw JobQueueError(.wrongState(job.state), "claiming", job)
        }
        let next = "UPDATE job_fence SET fence = fence + 1 RETURNING fence"
        guard let fence = try Int64.fetchOne(transaction.database, sql: next) else {
            throw StoreError(.damaged, "job_fence holds no row; restore the newest backup")
        }
        let claim = Claim(
            jobID: job.id, kind: job.kind, fence: fence, owner: owner, runID: "run_" + randomHex(12))
        let now = realTime.now()
        let move = JobMove.claim(fence: fence, lease: newLease(owner: owner))
        let claimed = try self.move(job, move, "claiming", in: transaction) {
            $0.leasedUntil = now + configuration.lease
            $0.heartbeatAt = now
            $0.startedAt = now
            $0.progress = 0
            $0.message = ""
            $0.runID = claim.runID
        }
        return ClaimedJob(job: claimed, claim: claim)
    }

    private func newLease(owner: String) -> Lease {
        Lease(owner: owner, bootID: bootClock.bootID, endsAt: bootClock.now() + configuration.lease)
    }
}
