import EventModel
import Foundation
import Synchronization
import Warehouse

/// Files of log records instead of Parquet: the loader's promises don't depend on the engine, and these are quick.
///
/// A file holds, for each event, its number, its session, the session's start and the record. It fails where told to.
final class FakeWarehouse: EventWarehouse {
    /// Of each write from now on, in order, whether it fails as on a full disk; later ones don't.
    let failures = Mutex<[Bool]>([])

    func write(_ rows: [StoredEvent], to path: String) throws(WarehouseError) -> EventFileFacts {
        let fails = failures.withLock { $0.isEmpty ? false : $0.removeFirst() }
        guard !fails else { throw WarehouseError(.inputOutput, "write \(path)", "No space left on device") }
        let sorted = rows.sorted {
            ($0.event.userID ?? "", $0.event.timestamp, $0.sequence)
                < ($1.event.userID ?? "", $1.event.timestamp, $1.sequence)
        }
        do {
            let directory = URL(filePath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            guard !FileManager.default.fileExists(atPath: path) else {
                throw WarehouseError(.refused, "write \(path)", "it exists")
            }
            try JSONEncoder().encode(sorted.map(Line.init)).write(to: URL(filePath: path))
        } catch {
            throw WarehouseError(.inputOutput, "write \(path)", "\(error)")
        }
        return try facts(of: path)
    }

    func merge(_ paths: [String], into path: String) throws(WarehouseError) -> EventFileFacts {
        var rows: [StoredEvent] = []
        for path in paths { rows += try read(path) }
        return try write(rows, to: path)
    }

    func existing(ids: [EventID], in paths: [String]) throws(WarehouseError) -> Set<EventID> {
        var found: Set<EventID> = []
        for path in paths { for row in try read(path) where ids.contains(row.event.id) { found.insert(row.event.id) } }
        return found
    }

    func ids(in paths: [String], _ body: ([EventID]) -> Void) throws(WarehouseError) {
        for path in paths { body(try read(path).map(\.event.id)) }
    }

    func facts(of path: String) throws(WarehouseError) -> EventFileFacts {
        let rows = try read(path)
        guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64,
            let minTime = rows.map(\.event.timestamp).min(), let maxTime = rows.map(\.event.timestamp).max(),
            let minReceipt = rows.map(\.event.receivedAt).min(), let maxReceipt = rows.map(\.event.receivedAt).max(),
            let first = rows.map(\.sequence).min(), let last = rows.map(\.sequence).max()
        else { throw WarehouseError(.damagedFile, "read \(path)", "it holds no event") }
        return EventFileFacts(
            rows: rows.count, bytes: size, firstSequence: first, lastSequence: last, minTimestamp: minTime,
            maxTimestamp: maxTime, minReceivedAt: minReceipt, maxReceivedAt: maxReceipt)
    }

    func query(_ sql: String, parameters: [String: Value], files: [String]) throws(WarehouseError) -> QueryResult {
        throw WarehouseError(.refused, "ask", "this one cannot answer")
    }

    func read(_ path: String) throws(WarehouseError) -> [StoredEvent] {
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            return try JSONDecoder().decode([Line].self, from: data).map { try $0.stored() }
        } catch {
            throw WarehouseError(.missingFile, "read \(path)", "\(error)")
        }
    }

    private struct Line: Codable {
        var sequence: UInt64
        var session: String?
        var startedAt: Int64?
        var record: Data

        init(_ row: StoredEvent) {
            sequence = row.sequence
            session = row.sessionID
            startedAt = row.sessionStartedAt?.milliseconds
            record = Data(row.event.encoded())
        }

        func stored() throws -> StoredEvent {
            let event = try record.withUnsafeBytes { try Event(record: $0) }
            return StoredEvent(
                event: event, sequence: sequence, sessionID: session,
                sessionStartedAt: startedAt.map(Timestamp.init(milliseconds:)))
        }
    }
}
