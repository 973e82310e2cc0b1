import ControlStore
import EventModel
import TestKit
import Warehouse

@testable import Jobs

/// One project with events in real Parquet files, in a directory of its own.
final class Site {
    let directory: String
    let store: ControlStore
    let project: ProjectID
    let warehouse: DuckDBWarehouse
    let clock: ManualClock
    private(set) var events: [StoredEvent] = []
    private var sequence: UInt64 = 0
    private var files = 0

    /// The middle of the tests' time: a slot.
    static let slot = Timestamp(milliseconds: 1_735_732_800_000)  // 2025-01-01T12:00:00Z

    init(_ directory: String, store: ControlStore? = nil) throws {
        self.directory = directory
        clock = ManualClock(Self.slot)
        self.store = try store ?? TestDatabase.make(in: directory, clock: clock.clock)
        project = try makeProject(self.store)
        warehouse = try DuckDBWarehouse(library: DuckDBLibrary.locate())
    }

    var settings: AggregationSettings { AggregationSettings(dataDirectory: directory) }

    func aggregator(_ settings: AggregationSettings? = nil) -> Aggregator {
        Aggregator(store: store, warehouse: warehouse, settings: settings ?? self.settings, clock: clock.clock)
    }

    /// Adds an event; it is in no file before `load`.
    func add(
        _ type: String, _ user: String?, session: String? = nil, at time: Timestamp,
        edit: (inout Event) -> Void = { _ in }
    ) {
        sequence += 1
        var event = Event(
            id: EventID(high: 7, low: sequence), projectID: project, receivedAt: time, timestamp: time,
            eventType: type, pageURL: "https://shop.example/")
        event.userID = user
        event.sessionID = session
        edit(&event)
        events.append(
            StoredEvent(event: event, sequence: sequence, sessionID: event.sessionID, sessionStartedAt: nil))
    }

    /// Adds a purchase.
    func buy(
        _ user: String, session: String? = nil, at time: Timestamp, _ revenue: String? = nil, order: String? = nil,
        currency: String? = nil
    ) {
        add("purchase", user, session: session, at: time) { event in
            for (name, value) in [("revenue", revenue), ("order_id", order), ("currency", currency)] {
                if let value { event.properties.append(.init(name: name, value: value)) }
            }
        }
    }

    /// Writes every event that is in no file yet: two files a day, catalogued.
    func load() throws {
        let pending = events[loaded...]
        loaded = events.count
        for (day, rows) in Dictionary(grouping: pending, by: { $0.event.timestamp.day }) {
            for part in [rows.filter { $0.sequence % 2 == 0 }, rows.filter { $0.sequence % 2 == 1 }] where !part.isEmpty
            {
                try write(part, of: day)
            }
        }
    }

    private var loaded = 0

    private func write(_ rows: [StoredEvent], of day: Day) throws {
        files += 1
        let path = "events/project_\(project)/events_\(day)_\(files).parquet"
        let facts = try warehouse.write(rows, to: directory + "/" + path)
        let file = EventFile(
            projectID: project, day: day, path: path, rows: facts.rows, bytes: facts.bytes,
            firstSequence: facts.firstSequence, lastSequence: facts.lastSequence, minTimestamp: facts.minTimestamp,
            maxTimestamp: facts.maxTimestamp, minReceivedAt: facts.minReceivedAt, maxReceivedAt: facts.maxReceivedAt)
        try store.write { try $0.insertEventFile(file) }
    }

    /// Makes a test that began at `start`.
    func makeTest(
        _ testID: String, start: Timestamp, sampleSize: Int = 10, share: Double = 0.5, target: String? = nil
    ) throws {
        var draft = ABTestDraft(testID: testID)
        draft.startDate = start
        draft.sampleSize = sampleSize
        draft.shareOfA = share
        draft.targetConversion = target
        try store.write { _ = try $0.createTest(draft, project: project) }
    }

    /// Makes a session with a variant of a test; `conflicts` of its events named the other one.
    func assign(
        _ user: String?, _ variant: String, of test: String, session: String, at time: Timestamp, conflicts: Int64 = 0
    ) throws {
        let position = EventPosition(time: time, sequence: 1)
        var record = SessionRecord(sessionID: session, at: position, pageURL: "", pageViews: 1)
        record.userID = user.map { .init(value: $0, position: position) }
        try store.write { transaction in
            _ = try transaction.insertSession(record, of: project)
            try transaction.insertAssignment(
                AssignmentRecord(testID: test, variant: variant, assignedAt: time, conflicts: conflicts),
                session: session, of: project)
        }
    }
}

extension Timestamp {
    /// So many hours later, or earlier where negative.
    func hours(_ hours: Double) -> Timestamp { Timestamp(milliseconds: milliseconds + Int64(hours * 3_600_000)) }

    func seconds(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: milliseconds + Int64(seconds * 1_000)) }
}

/// Random numbers from a seed (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}
