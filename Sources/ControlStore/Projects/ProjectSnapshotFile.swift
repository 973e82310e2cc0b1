import EventModel
import FoundationEssentials
import GRDB

extension StoreTransaction {
    /// What the daemon needs of projects, keys and running tests, with the version it has in this transaction.
    package func snapshot() throws -> ProjectSnapshot {
        let keys = try Row.fetchAll(database, sql: KeySQL.valid, arguments: ["now": now.description])
            .map(KeyRow.init)
        let keysByProject = Dictionary(grouping: keys, by: \.projectID)
        let (tests, settings) = (try runningTests(), try browserSettings())
        let projects = try projects().map { project in
            ProjectSnapshot.Project(
                projectID: project.projectID, name: project.name, domains: project.domains,
                keepQuery: project.settings.keepQuery ?? [],
                eventsPerMinutePerKey: project.settings.eventsPerMinutePerKey,
                eventsPerMinutePerAddress: project.settings.eventsPerMinutePerAddress,
                keys: (keysByProject[project.projectID] ?? []).map { key in
                    ProjectSnapshot.Key(keyID: key.keyID, kind: key.kind, hash: key.hash)
                }, tests: tests[project.projectID] ?? [], browser: settings[project.projectID] ?? BrowserSettings())
        }
        return ProjectSnapshot(version: try snapshotVersion(), projects: projects)
    }

    /// Grows with every change of a project, its keys, its tests and its settings.
    package func snapshotVersion() throws -> Int64 {
        guard let version = try Int64.fetchOne(database, sql: "SELECT version FROM snapshot_version") else {
            throw StoreError(.damaged, "snapshot_version holds no row; restore the newest backup")
        }
        return version
    }
}

/// The file by which the daemon learns of projects and keys: it never opens the database.
package enum ProjectSnapshotFile {
    /// Readable by the owner and the group, which the daemon is in.
    static let mode: UInt32 = 0o640

    /// Writes the snapshot where the file is behind, and returns the version that the file then has.
    ///
    /// The database is read inside the lock, so that of two writers the later one has read the later state; a file of
    /// a higher version (a restored database is older than it) stays as it is. A reader sees the old file or the new
    /// one, whole, also after a power cut.
    @discardableResult
    package static func publish(store: ControlStore, path: String) throws(StoreError) -> Int64 {
        do {
            try AtomicFile.makeDirectory(of: path)
            return try AtomicFile.locked(path + ".lock", mode: mode) {
                let snapshot = try store.read { try $0.snapshot() }
                let written = read(path: path)
                if let written, written.version > snapshot.version || written == snapshot { return written.version }
                let text = try JSONText.encode(snapshot) + "\n"
                try AtomicFile.replace(path, with: Array(text.utf8), mode: mode)
                return snapshot.version
            }
        } catch {
            throw StoreError(error, attempting: "writing the snapshot of projects to \(path)")
        }
    }

    /// What the file holds; nil where there is none, or where it cannot be read as a snapshot.
    package static func read(path: String) -> ProjectSnapshot? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return try? JSONDecoder().decode(ProjectSnapshot.self, from: data)
    }
}
