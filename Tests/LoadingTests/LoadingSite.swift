import ControlStore
import EventModel
import Foundation
import GRDB
import TestKit
import Warehouse
import WriteAheadLog

@testable import Loading

/// A data_dir with a log, a migrated database and a project: what a loader works on.
final class LoadingSite {
    static let noon = Timestamp("2025-03-10T12:00:00.000Z") ?? Timestamp(milliseconds: 0)

    let directory: String
    let clock: ManualClock
    let store: ControlStore
    let project: ProjectID
    let warehouse: any EventWarehouse
    var configuration: LoaderConfiguration
    private let log: LogWriter

    init(
        in directory: String, warehouse: any EventWarehouse = FakeWarehouse(), clock: ManualClock = ManualClock(noon)
    ) throws {
        self.directory = directory
        self.clock = clock
        self.warehouse = warehouse
        store = try TestDatabase.make(in: directory, clock: clock.clock)
        project = try makeProject(store)
        configuration = LoaderConfiguration(dataDirectory: directory, statusDirectory: directory)
        log = try LogWriter.open(
            LogConfiguration(directory: directory + "/log", minFreeBytes: 0), clock: clock.clock)
    }

    /// An event of the site's project.
    func event(
        _ type: String = "click", at time: Timestamp = noon, id: EventID? = nil, session: String? = nil,
        user: String? = nil, url: String = "", received: Timestamp? = nil, _ change: (inout Event) -> Void = { _ in }
    ) -> Event {
        var event = Event(
            id: id ?? .version7(at: time), projectID: project, receivedAt: received ?? time, timestamp: time,
            eventType: type, pageURL: url)
        event.sessionID = session
        event.userID = user
        change(&event)
        return event
    }

    /// Appends events to the log and waits until they are on the disk.
    @discardableResult
    func send(_ events: [Event]) throws -> ClosedRange<UInt64> { try send(records: events.map { $0.encoded() }) }

    @discardableResult
    func send(records: [[UInt8]]) throws -> ClosedRange<UInt64> {
        var batch = RecordBatch()
        for record in records { batch.append(record) }
        let waiter = DispatchSemaphore(value: 0)
        let range = try log.append(batch)
        log.subscribe { progress in
            if case .durable(let through) = progress, through >= range.upperBound { waiter.signal() }
        }
        if log.durableSequence < range.upperBound { waiter.wait() }
        return range
    }

    func closeLog() { log.close() }

    func loader(_ observer: any LoadObserver = NoObserver()) throws -> Loader {
        try Loader(
            configuration: configuration, store: store, warehouse: warehouse, clock: clock.clock, observer: observer)
    }

    /// Sends the events and loads them with a new loader.
    @discardableResult
    func load(_ events: [Event]) throws -> Int {
        try send(events)
        return try loader().drain()
    }

    /// All events of the current files, by number in the log.
    func events() throws -> [StoredEvent] {
        guard let fake = warehouse as? FakeWarehouse else { return [] }
        let paths = try rows("SELECT path FROM event_files WHERE replaced_at IS NULL").map { $0[0] as String }
        return try paths.flatMap { try fake.read("\(directory)/\($0)") }.sorted { $0.sequence < $1.sequence }
    }

    func session(_ id: String) throws -> Row? {
        try row("SELECT * FROM user_sessions WHERE session_id = ?", [id])
    }

    func row(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
        try store.read { try Row.fetchOne($0.database, sql: sql, arguments: arguments) }
    }

    func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
        try store.read { try Row.fetchAll($0.database, sql: sql, arguments: arguments) }
    }

    func count(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        try store.read { try Int.fetchOne($0.database, sql: sql, arguments: arguments) ?? -1 }
    }

    func counter(_ name: String, of project: String? = nil) throws -> Int {
        try count(
            "SELECT coalesce(sum(value), 0) FROM load_counters WHERE name = ? AND project_id = ?",
            [name, project ?? self.project.rawValue])
    }

    /// The files below events/, relative to data_dir.
    func filesOnDisk() -> [String] {
        let root = FileManager.default.enumerator(atPath: directory + "/events")
        let paths = root?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".parquet") }.map { "events/" + $0 }.sorted()
    }

    func createTest(_ id: String, status: String = "active") throws {
        try store.write { transaction in
            try transaction.database.execute(
                sql: """
                    INSERT INTO a_b_tests (id, project_id, test_id, test_name, status, start_date, created_at)
                    VALUES (?, ?, ?, 'A test', ?, ?, ?)
                    """,
                arguments: [
                    EventID.version7(at: Self.noon).description, project.rawValue, id, status,
                    Self.noon.description, Self.noon.description,
                ])
        }
    }
}

/// A site in a directory of its own, for one test.
func withSite(_ body: (LoadingSite) throws -> Void) throws {
    try withTemporaryDirectory { directory in
        let site = try LoadingSite(in: directory)
        defer { site.closeLog() }
        try body(site)
    }
}

extension Timestamp {
    static func + (time: Timestamp, minutes: Int) -> Timestamp { time + .seconds(60 * minutes) }
}
