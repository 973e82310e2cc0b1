import ControlStore
import EventModel
import GRDB

extension JobQueue {
    /// The job of this id; nil where there is none.
    package func job(_ id: JobID) throws -> Job? {
        try read("reading \(id)") { transaction in
            try Row.fetchOne(
                transaction.database, sql: "SELECT * FROM jobs WHERE id = :id", arguments: ["id": id.rawValue]
            ).map(Job.init)
        }
    }

    /// At most `limit` jobs, the newest first; nil for every state or kind.
    package func list(state: JobState? = nil, kind: JobKind? = nil, limit: Int = 100) throws -> [Job] {
        try read("listing jobs") { transaction in
            try Row.fetchAll(
                transaction.database, sql: JobSQL.list,
                arguments: ["state": state?.rawValue, "kind": kind?.rawValue, "limit": max(0, limit)]
            ).map(Job.init)
        }
    }

    /// The newest planned time ever queued of the kind, also where its job is gone; nil where none was.
    package func newestSlot(_ kind: JobKind, project: ProjectID? = nil) throws -> Timestamp? {
        try read("reading the newest slot") { transaction in
            try String.fetchOne(
                transaction.database,
                sql: "SELECT slot FROM job_slots WHERE kind = :kind AND project_id = :project_id",
                arguments: ["kind": kind.rawValue, "project_id": project?.rawValue ?? ""]
            ).flatMap { Timestamp($0) }
        }
    }
}
