import ControlStore
import EventModel
import GRDB

extension JobQueue {
    /// Queues a job in a transaction of its own; see `enqueue(_:in:)`.
    @discardableResult
    package func enqueue(
        _ kind: JobKind, project: ProjectID? = nil, slot: Slot = .request, payload: String = "{}",
        askedBy: JobOrigin, after: JobID? = nil, runAt: Timestamp? = nil
    ) throws -> EnqueuedJob {
        let request = JobRequest(
            kind, project: project, slot: slot, payload: payload, askedBy: askedBy, after: after, runAt: runAt)
        return try write("queueing a job") { try enqueue(request, in: $0) }
    }

    /// Queues all of them in one transaction, or none.
    package func enqueue(_ requests: [JobRequest]) throws -> [EnqueuedJob] {
        try write("queueing jobs") { transaction in
            try requests.map { try enqueue($0, in: transaction) }
        }
    }

    /// Queues a job as part of the transaction: a job that follows on a result commits with it.
    ///
    /// Where the slot is taken, the job that has it is returned and nothing changes. One that waits for a job which
    /// has failed for good is made cancelled. Throws `.wrongRequest` where the payload is no JSON or too long,
    /// `.notFound` where the job to wait for does not exist.
    package func enqueue(_ request: JobRequest, in transaction: StoreTransaction) throws -> EnqueuedJob {
        try check(payload: request.payload, of: request.kind, in: transaction)
        let id = JobID.random()
        let slot = request.slot.text(for: id)
        let project = request.project?.rawValue ?? ""
        let now = realTime.now()
        let start = try start(of: request, now: now, in: transaction)
        let row = try Row.fetchOne(
            transaction.database, sql: JobSQL.insert,
            arguments: [
                "id": id.rawValue, "kind": request.kind.rawValue, "project_id": project, "slot": slot,
                "payload": request.payload, "state": start.state.rawValue, "priority": request.priority,
                "max_attempts": max(1, request.maxAttempts ?? configuration.maxAttempts), "now": now.description,
                "run_at": (request.runAt ?? now).description,
                "finished_at": start.state.isFinal ? now.description : nil,
                "message": start.message.cut(toCodePoints: Self.maximumTextLength),
                "asked_by": request.askedBy.rawValue, "after": request.after?.rawValue,
            ])
        if request.slot.plannedAt != nil {
            try transaction.database.execute(
                sql: JobSQL.putSlot, arguments: ["kind": request.kind.rawValue, "project_id": project, "slot": slot])
        }
        if let row {
            if start.state == .available { wakeAfterCommit(request.kind, in: transaction) }
            return EnqueuedJob(job: try Job(row), inserted: true)
        }
        let existing = try Row.fetchOne(
            transaction.database, sql: JobSQL.bySlot,
            arguments: ["kind": request.kind.rawValue, "project_id": project, "slot": slot])
        guard let existing else {
            throw StoreError(.failed, "slot \(slot) of \(request.kind) is taken by a job that was not found")
        }
        return EnqueuedJob(job: try Job(existing), inserted: false)
    }

    /// The state in which a new job begins, and why.
    private func start(
        of request: JobRequest, now: Timestamp, in transaction: StoreTransaction
    ) throws -> (state: JobState, message: String) {
        let isDue = (request.runAt ?? now) <= now
        guard let after = request.after else { return (isDue ? .available : .scheduled, "") }
        let awaited = try find(after, in: transaction)
        switch awaited.state {
        case .completed: return (isDue ? .available : .scheduled, "")
        case .discarded, .cancelled:
            return (.cancelled, "\(after), which it was to wait for, is \(awaited.state): \(awaited.message)")
        default: return (.scheduled, "")
        }
    }

    private func check(payload: String, of kind: JobKind, in transaction: StoreTransaction) throws {
        guard payload.utf8.count <= Self.maximumPayloadBytes else {
            throw JobQueueError(
                .wrongRequest,
                "the payload for \(kind) has \(payload.utf8.count) bytes, and at most "
                    + "\(Self.maximumPayloadBytes) are allowed; nothing was queued")
        }
        let isJSON = try Bool.fetchOne(
            transaction.database, sql: "SELECT json_valid(:payload)", arguments: ["payload": payload])
        guard isJSON == true, !payload.utf8.contains(0) else {
            throw JobQueueError(.wrongRequest, "the payload for \(kind) is no JSON; nothing was queued")
        }
    }
}
