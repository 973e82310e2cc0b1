import ControlStore
import EventModel
import KeyValue
import Warehouse

/// All that one run writes, until it is written.
struct AggregatedRecords: Sendable {
    struct Entry: Sendable, Equatable {
        var key: String
        var json: String
        var lifetime: Duration
        /// Of a live record, where its window ends; nil for records whose window their key names.
        var liveUntil: Timestamp?
    }

    private struct Look: Sendable {
        var project: ProjectID
        var look: TestLook
    }

    private(set) var entries: [Entry] = []
    private var looks: [Look] = []

    /// Takes in a project's records: with its id in their keys, and without where it is the default project.
    mutating func add(_ records: [FunnelRecord], looks: [TestLook], of project: ProjectID, isDefault: Bool) {
        self.looks += looks.map { Look(project: project, look: $0) }
        for owner in isDefault ? [nil, project] : [project] {
            for record in records { add(record, owner) }
        }
    }

    private mutating func add(_ record: FunnelRecord, _ owner: ProjectID?) {
        switch record.window.kind {
        case .live: add(.live, owner, record.json, liveUntil: record.window.end)
        case .daily:
            add(.daily(record.window.date), owner, record.json)
            add(.summary(record.window.date), owner, record.summaryJSON)
        }
    }

    private mutating func add(
        _ key: FunnelKey, _ owner: ProjectID?, _ json: String, liveUntil: Timestamp? = nil
    ) {
        entries.append(
            Entry(key: key.name(of: owner), json: json, lifetime: key.lifetime, liveUntil: liveUntil))
    }

    /// The job's result: a JSON object that names every record.
    var result: String { Value.object(("records", .list(entries.map { .text($0.key) }))).json }

    /// Writes all of it; belongs in the transaction that completes the job. A live record never takes the place of one
    /// whose window ends later: a planned slot may run after somebody asked for the numbers of now.
    func publish(in transaction: StoreTransaction) throws {
        let values = KeyValueStore(namespace: FunnelKey.namespace)
        for entry in entries {
            if let end = entry.liveUntil, let present = try values.get(entry.key, in: transaction),
                let presentEnd = WrittenRecord.loadedTo(of: present.json), presentEnd > end
            {
                continue
            }
            try values.put(entry.key, json: entry.json, livesFor: entry.lifetime, in: transaction)
        }
        for look in looks { try transaction.putLook(look.look, project: look.project) }
    }
}
