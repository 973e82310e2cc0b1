import ControlStore
import EventModel
import FoundationEssentials
import Glibc

/// Unlinks files of events that nobody reads any more, and those that nobody ever will.
struct GarbageCollector {
    /// Replaced files unlinked in one transaction.
    private static let maxReplaced = 256

    let dataDirectory: String
    let store: ControlStore
    /// Twice the longest time that a query may take.
    let grace: Duration

    /// Unlinks what merges have replaced longer than the grace ago, then files without a row that are older than
    /// it: what a batch or merge left that never came to its commit. Returns how many.
    func collect() throws -> Int {
        var count = 0
        while true {
            let replaced = try store.write { try unlinkReplaced($0) }
            count += replaced
            guard replaced == Self.maxReplaced else { break }
        }
        return try count + store.write { try unlinkOrphans($0) }
    }

    /// Empties the directory into which a loader spills, of what one that was killed has left. Only for who holds the
    /// loader's lock and has spilled nothing yet.
    static func emptySpill(_ directory: String) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { return }
        for name in names where name.hasPrefix("merge-") || name.hasPrefix("duckdb_temp") {
            unlink("\(directory)/\(name)")
        }
    }

    private func unlinkReplaced(_ transaction: StoreTransaction) throws -> Int {
        let files = try transaction.eventFiles(replacedBefore: transaction.now - grace, maximum: Self.maxReplaced)
        for file in files {
            guard unlink("\(dataDirectory)/\(file.path)") == 0 || errno == ENOENT else {
                throw Self.failure("cannot remove \(dataDirectory)/\(file.path)")
            }
            try transaction.deleteEventFile(file)
        }
        return files.count
    }

    /// Lists and unlinks while the write lock is held, so that no commit can come between.
    private func unlinkOrphans(_ transaction: StoreTransaction) throws -> Int {
        var count = 0
        guard let paths = FileManager.default.enumerator(atPath: dataDirectory + "/events") else { return 0 }
        for case let path as String in paths where Self.isOurs(path) {
            var status = stat()
            let full = "\(dataDirectory)/events/\(path)"
            guard stat(full, &status) == 0 else { continue }
            let changed = Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1_000)
            guard changed + grace < transaction.now, try !transaction.isCatalogued("events/" + path) else { continue }
            guard unlink(full) == 0 || errno == ENOENT else { throw Self.failure("cannot remove \(full)") }
            count += 1
        }
        return count
    }

    /// Whatever else lies there is not the loader's to remove.
    private static func isOurs(_ path: String) -> Bool {
        guard let name = path.split(separator: "/").last else { return false }
        return name.hasPrefix("events_") && name.contains(".parquet")
    }

    private static func failure(_ what: String) -> LoadError {
        .system(what, remedy: "check who owns it, and its mode")
    }
}
