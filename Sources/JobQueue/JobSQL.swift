import ControlStore
import EventModel
import GRDB

/// The SQL of the job table, one text a file of `SQL/`.
enum JobSQL {
    static let insert = text(PackageResources.jobs_Insert_sql)
    static let bySlot = text(PackageResources.jobs_BySlot_sql)
    static let nextAvailable = text(PackageResources.jobs_NextAvailable_sql)
    static let move = text(PackageResources.jobs_Move_sql)
    static let due = text(PackageResources.jobs_Due_sql)
    static let expired = text(PackageResources.jobs_Expired_sql)
    static let following = text(PackageResources.jobs_Following_sql)
    static let list = text(PackageResources.jobs_List_sql)
    static let putSlot = text(PackageResources.job_slots_Put_sql)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension Job {
    init(_ row: Row) throws {
        guard let kind = JobKind(rawValue: row["kind"]), let askedBy = JobOrigin(rawValue: row["asked_by"]) else {
            throw StoreError(.damaged, "a row of jobs holds a kind or an origin that these programs don't know")
        }
        let project: String = row["project_id"]
        id = JobID(rawValue: row["id"])
        self.kind = kind
        projectID = project.isEmpty ? nil : ProjectID(rawValue: project)
        slot = row["slot"]
        payload = row["payload"]
        priority = row["priority"]
        queuedAt = try row.timestamp("queued_at")
        self.askedBy = askedBy
        after = (row["after"] as String?).map(JobID.init(rawValue:))
        status = try JobStatus(row)
        leasedUntil = try row.optionalTimestamp("leased_until")
        heartbeatAt = try row.optionalTimestamp("heartbeat_at")
        startedAt = try row.optionalTimestamp("started_at")
        finishedAt = try row.optionalTimestamp("finished_at")
        progress = row["progress"]
        message = row["message"]
        errors = try JSONText.decode([AttemptError].self, row["errors"], of: "jobs.errors")
        result = row["result"]
        runID = row["run_id"]
    }

    /// Writes what a move changed, where the row still is as it was read into `old`.
    func save(from old: Job, in transaction: StoreTransaction) throws {
        try transaction.database.execute(
            sql: JobSQL.move,
            arguments: [
                "state": state.rawValue, "attempt": attempt, "max_attempts": maxAttempts,
                "run_at": runAt.description, "fence": status.fence, "lease_owner": status.lease?.owner,
                "leased_until": leasedUntil?.description, "lease_boot_id": status.lease?.bootID,
                "lease_boottime_ms": status.lease?.endsAt.wholeMilliseconds,
                "heartbeat_at": heartbeatAt?.description, "started_at": startedAt?.description,
                "finished_at": finishedAt?.description, "progress": progress, "message": message,
                "errors": try JSONText.encode(errors), "result": result, "run_id": runID, "id": id.rawValue,
                "from_state": old.state.rawValue, "from_fence": old.status.fence,
            ])
        guard transaction.database.changesCount == 1 else {
            throw StoreError(.conflict, "job \(id) moved on since it was read; try again")
        }
    }
}

extension JobStatus {
    init(_ row: Row) throws {
        guard let state = JobState(rawValue: row["state"]) else {
            throw StoreError(.damaged, "a row of jobs holds a state that these programs don't know")
        }
        var lease: Lease?
        if let owner: String = row["lease_owner"], let end: Int64 = row["lease_boottime_ms"] {
            lease = Lease(owner: owner, bootID: row["lease_boot_id"] ?? "", endsAt: .milliseconds(end))
        }
        self.init(
            state: state, attempt: row["attempt"], maxAttempts: row["max_attempts"],
            runAt: try row.timestamp("run_at"), fence: row["fence"], lease: lease)
    }
}
