import EventModel
import GRDB

/// How far the log is loaded.
package struct LoadCheckpoint: Sendable, Equatable {
    /// 32 hexadecimal digits.
    package var logID: String
    /// All records up to and with this one are loaded.
    package var sequence: UInt64
    package var updatedAt: Timestamp
}

/// What the loader counts, for each project; a record that names none counts for `""`.
package enum LoadCounter: String, Sendable, CaseIterable {
    case loaded
    case lateDuplicate = "late_duplicate"
    case deadLetter = "dead_letter"
    /// Records that the log lost to damage.
    case damaged
    /// Events whose name went beyond the most that a project may have a day.
    case otherName = "other_name"
}

extension StoreTransaction {
    /// Nil before the first commit of a loader.
    package func loadCheckpoint() throws -> LoadCheckpoint? {
        let sql = "SELECT log_id, sequence, updated_at FROM load_checkpoint"
        guard let row = try rows(sql, []).first else { return nil }
        return LoadCheckpoint(
            logID: row[0], sequence: UInt64(bitPattern: row[1] as Int64), updatedAt: try row.timestamp("updated_at"))
    }

    /// Moves the checkpoint from exactly the number a loader started at, 0 before the first commit; throws
    /// `.conflict` where another loader has moved it.
    package func moveCheckpoint(logID: String, from: UInt64, to: UInt64) throws {
        let arguments: StatementArguments = [
            "log_id": logID, "from": Int64(bitPattern: from), "to": Int64(bitPattern: to), "now": now.description,
        ]
        let update = """
            UPDATE load_checkpoint SET sequence = :to, updated_at = :now WHERE sequence = :from AND log_id = :log_id
            """
        if try change(update, arguments) == 1 { return }
        let insert = """
            INSERT INTO load_checkpoint (only, log_id, sequence, updated_at)
            SELECT 1, :log_id, :to, :now WHERE :from = 0 AND NOT EXISTS (SELECT 1 FROM load_checkpoint)
            """
        guard try change(insert, arguments) == 1 else {
            throw StoreError(
                .conflict,
                "the checkpoint of the log is not at \(from) any more: another loader works here; end one of them")
        }
    }

    /// The projects that may be loaded into: all that are not deleted.
    package func projectIDs() throws -> Set<ProjectID> {
        let found = try rows("SELECT project_id FROM projects WHERE deleted_at IS NULL", [])
        return Set(found.map { ProjectID(rawValue: $0[0]) })
    }

    /// Adds to a counter.
    package func add(_ value: Int, to counter: LoadCounter, of project: String) throws {
        guard value > 0 else { return }
        try change(LoadingSQL.counterAdd, ["project_id": project, "name": counter.rawValue, "value": value])
    }

    /// Every counter of every project.
    package func loadCounters() throws -> [(project: String, counter: LoadCounter, value: Int)] {
        try rows("SELECT project_id, name, value FROM load_counters ORDER BY project_id, name", []).compactMap { row in
            LoadCounter(rawValue: row[1]).map { (row[0], $0, row[2]) }
        }
    }

    /// The names of events that a project has used on a day.
    package func eventNames(of project: ProjectID, on day: Day) throws -> Set<String> {
        let sql = "SELECT name FROM event_names WHERE project_id = :project_id AND date = :date"
        let names = try rows(sql, ["project_id": project.rawValue, "date": day.description])
        return Set(names.map { $0[0] })
    }

    /// Keeps the name of an event that a project uses for the first time on a day.
    package func insertEventName(_ name: String, of project: ProjectID, on day: Day) throws {
        let sql = "INSERT OR IGNORE INTO event_names (project_id, date, name) VALUES (:project_id, :date, :name)"
        try change(sql, ["project_id": project.rawValue, "date": day.description, "name": name])
    }

    /// Forgets the names used before a day.
    package func deleteEventNames(before day: Day) throws {
        try change("DELETE FROM event_names WHERE date < :date", ["date": day.description])
    }
}
