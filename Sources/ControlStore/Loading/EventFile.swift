import EventModel
import GRDB

/// One row of the catalogue of Parquet files. A file is seen only through it.
package struct EventFile: Sendable, Equatable {
    /// Given by the catalogue; 0 before that.
    package var fileID: Int64 = 0
    package var projectID: ProjectID
    /// The UTC day of the events' own time.
    package var day: Day
    /// Relative to data_dir; never used twice.
    package var path: String
    package var rows: Int
    package var bytes: Int64
    package var firstSequence: UInt64
    package var lastSequence: UInt64
    package var minTimestamp: Timestamp
    package var maxTimestamp: Timestamp
    package var minReceivedAt: Timestamp
    package var maxReceivedAt: Timestamp

    package init(
        projectID: ProjectID, day: Day, path: String, rows: Int, bytes: Int64, firstSequence: UInt64,
        lastSequence: UInt64, minTimestamp: Timestamp, maxTimestamp: Timestamp, minReceivedAt: Timestamp,
        maxReceivedAt: Timestamp
    ) {
        self.projectID = projectID
        self.day = day
        self.path = path
        self.rows = rows
        self.bytes = bytes
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.minTimestamp = minTimestamp
        self.maxTimestamp = maxTimestamp
        self.minReceivedAt = minReceivedAt
        self.maxReceivedAt = maxReceivedAt
    }
}

extension StoreTransaction {
    /// Makes a file visible.
    package func insertEventFile(_ file: EventFile) throws {
        try change(
            LoadingSQL.fileInsert,
            [
                "project_id": file.projectID.rawValue, "date": file.day.description, "path": file.path,
                "rows": file.rows, "bytes": file.bytes, "first_sequence": Int64(bitPattern: file.firstSequence),
                "last_sequence": Int64(bitPattern: file.lastSequence),
                "min_timestamp": file.minTimestamp.description, "max_timestamp": file.maxTimestamp.description,
                "min_received_at": file.minReceivedAt.description, "max_received_at": file.maxReceivedAt.description,
                "created_at": now.description,
            ])
    }

    /// The files that hold a project's events of the days from `first` to `last`, both included.
    package func eventFiles(of project: ProjectID, from first: Day, to last: Day) throws -> [EventFile] {
        let arguments: StatementArguments = [
            "project_id": project.rawValue, "first": first.description, "last": last.description,
        ]
        return try rows(LoadingSQL.filesCurrent, arguments).map(EventFile.init(row:))
    }

    /// The files that hold an event received at `moment` or later, of all projects.
    package func eventFiles(receivedSince moment: Timestamp) throws -> [EventFile] {
        try rows(LoadingSQL.filesReceivedSince, ["since": moment.description]).map(EventFile.init(row:))
    }

    /// When the newest event of any current file was received.
    package func newestReceipt() throws -> Timestamp? {
        let sql = "SELECT max(max_received_at) AS newest FROM event_files WHERE replaced_at IS NULL"
        return try rows(sql, []).first?.optionalTimestamp("newest")
    }

    /// Days with at least `files` current files, the fullest first.
    package func crowdedDays(files: Int) throws -> [(project: ProjectID, day: Day, files: Int)] {
        try rows(LoadingSQL.crowdedDays, ["files": files]).compactMap { row in
            Day(row[1] as String).map { (ProjectID(rawValue: row[0]), $0, row[2]) }
        }
    }

    /// Puts `merged` in the place of files; throws `.conflict` where one of them is not current any more.
    package func replaceEventFiles(_ inputs: [EventFile], with merged: EventFile) throws {
        let sql = "UPDATE event_files SET replaced_at = :now WHERE file_id = :file_id AND replaced_at IS NULL"
        for input in inputs {
            guard try change(sql, ["file_id": input.fileID, "now": now.description]) == 1 else {
                throw StoreError(
                    .conflict, "\(input.path) was replaced while it was merged; the merge is dropped, nothing is lost")
            }
        }
        try insertEventFile(merged)
    }

    /// Files replaced at `moment` or before, the oldest first, at most `maximum`.
    package func eventFiles(replacedBefore moment: Timestamp, maximum: Int) throws -> [EventFile] {
        try rows(LoadingSQL.filesReplaced, ["before": moment.description, "maximum": maximum])
            .map(EventFile.init(row:))
    }

    /// Takes a replaced file's row out of the catalogue.
    package func deleteEventFile(_ file: EventFile) throws {
        try change("DELETE FROM event_files WHERE file_id = :id AND replaced_at IS NOT NULL", ["id": file.fileID])
    }

    /// True where the catalogue has a row, current or replaced, for the path.
    package func isCatalogued(_ path: String) throws -> Bool {
        try !rows("SELECT 1 FROM event_files WHERE path = :path", ["path": path]).isEmpty
    }
}

extension EventFile {
    fileprivate init(row: Row) throws {
        let date: String = row["date"]
        guard let day = Day(date) else {
            throw StoreError(.damaged, "the catalogue holds the date \"\(date)\", which is no day")
        }
        self.init(
            projectID: ProjectID(rawValue: row["project_id"]), day: day, path: row["path"], rows: row["rows"],
            bytes: row["bytes"], firstSequence: UInt64(bitPattern: row["first_sequence"] as Int64),
            lastSequence: UInt64(bitPattern: row["last_sequence"] as Int64),
            minTimestamp: try row.timestamp("min_timestamp"), maxTimestamp: try row.timestamp("max_timestamp"),
            minReceivedAt: try row.timestamp("min_received_at"), maxReceivedAt: try row.timestamp("max_received_at"))
        fileID = row["file_id"]
    }
}
