import ControlStore
import EventModel
import Glibc
import Warehouse

/// Where a project's day lies, and writing a batch into such days.
struct DayFiles {
    let dataDirectory: String
    let warehouse: any EventWarehouse

    /// A path, relative to data_dir, that was never used: a file's content never changes under its name.
    static func newPath(project: ProjectID, day: Day) -> String {
        let month = day.description.dropFirst(5).prefix(2)
        let year = day.description.prefix(4)
        return "events/project_\(project)/\(year)/\(month)/events_\(day)_\(randomHex(16)).parquet"
    }

    /// The projects and days of a batch's events, with the places of these in the batch.
    static func days(of batch: IdentifiedBatch) -> [(project: ProjectID, day: Day, events: [Int])] {
        var groups: [Key: [Int]] = [:]
        for index in batch.events.indices {
            groups[
                Key(project: batch.projectOf[index], day: batch.events[index].event.timestamp.day), default: []
            ].append(index)
        }
        return groups.sorted { ($0.key.day, $0.key.project) < ($1.key.day, $1.key.project) }.map {
            (batch.projects[Int($0.key.project)], $0.key.day, $0.value)
        }
    }

    private struct Key: Hashable {
        let project: Int32
        let day: Day
    }

    /// Writes the events of one day into a new file, and syncs it. Nobody sees it before its row is there.
    func write(_ events: [StoredEvent], project: ProjectID, day: Day) throws -> EventFile {
        let path = Self.newPath(project: project, day: day)
        let facts = try warehouse.write(events, to: absolute(path))
        return EventFile(project: project, day: day, path: path, facts: facts)
    }

    func absolute(_ path: String) -> String { "\(dataDirectory)/\(path)" }

    /// Throws where the file is not there with the size that its row will say.
    func check(_ file: EventFile) throws(LoadError) {
        var status = stat()
        guard stat(absolute(file.path), &status) == 0, Int64(status.st_size) == file.bytes else {
            throw LoadError(
                .fileMissing, "\(absolute(file.path)) is not there as it was written; the batch is loaded again")
        }
    }

    /// Removes files that no row names: what a failed batch or merge has written.
    func remove(_ files: [EventFile], store: ControlStore) {
        guard !files.isEmpty else { return }
        // Where even that fails, the garbage is collected later.
        try? store.write { transaction in
            for file in files where try !transaction.isCatalogued(file.path) { unlink(absolute(file.path)) }
        }
    }
}

extension EventFile {
    init(project: ProjectID, day: Day, path: String, facts: EventFileFacts) {
        self.init(
            projectID: project, day: day, path: path, rows: facts.rows, bytes: facts.bytes,
            firstSequence: facts.firstSequence, lastSequence: facts.lastSequence, minTimestamp: facts.minTimestamp,
            maxTimestamp: facts.maxTimestamp, minReceivedAt: facts.minReceivedAt, maxReceivedAt: facts.maxReceivedAt)
    }
}
