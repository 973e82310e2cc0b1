import ControlStore
import EventModel
import KeyValue
import Warehouse

/// Makes the funnel records of one run from the system's own events. All calls block.
///
/// Nothing is written here: `AggregatedRecords.publish` does that, in the transaction that completes the job.
struct Aggregator {
    let store: ControlStore
    let warehouse: any EventWarehouse
    let settings: AggregationSettings
    /// Where the records' `lastUpdated` comes from.
    let clock: Clock

    /// The records of all projects, or of `project` alone, as things stood at `moment`. `writesLive` is false for a
    /// slot that was missed: what was live then is not now. `progress` is told the share done and what is next, and
    /// ends the run by throwing.
    func records(
        at moment: Timestamp, writesLive: Bool, project only: ProjectID? = nil,
        progress: (Double, String) throws -> Void = { _, _ in }
    ) throws -> AggregatedRecords {
        let all = try store.read { try $0.projects() }
        let projects = all.filter { only == nil || $0.projectID == only }
        let standard = defaultProject(among: all)
        var records = AggregatedRecords()
        for (index, project) in projects.enumerated() {
            let isDefault = project.projectID == standard
            let windows = try windows(of: project, at: moment, writesLive: writesLive, isDefault: isDefault)
            let run = ProjectRun(aggregator: self, project: project, moment: moment)
            let made = try run.records(windows) { done, what in
                try progress((Double(index) + done) / Double(projects.count), what)
            }
            records.add(made.records, looks: made.looks, of: project.projectID, isDefault: isDefault)
        }
        return records
    }

    /// The project that the configuration names, by id or else by name; the first one made where it names none.
    private func defaultProject(among projects: [Project]) -> ProjectID? {
        guard let name = settings.defaultProject else { return projects.first?.projectID }
        let found = projects.first { $0.projectID.rawValue == name } ?? projects.first { $0.name == name }
        return found?.projectID
    }

    /// The windows to write, in the order of their ends.
    private func windows(
        of project: Project, at moment: Timestamp, writesLive: Bool, isDefault: Bool
    ) throws -> [RecordWindow] {
        let days = try store.read { transaction in
            try RecordWindow.days(at: moment) { day in
                try isWanted(day, of: project, isDefault: isDefault, in: transaction)
            }
        }
        return days.map(RecordWindow.daily) + (writesLive ? [.live(at: moment)] : [])
    }

    /// True for a day without a record, and for one whose record was made before events of it were received:
    /// history may be brought in at any time.
    private func isWanted(
        _ day: Day, of project: Project, isDefault: Bool, in transaction: StoreTransaction
    ) throws -> Bool {
        let values = KeyValueStore(namespace: FunnelKey.namespace)
        let key = FunnelKey.daily(day)
        if isDefault, try values.get(key.name(of: nil), in: transaction) == nil { return true }
        guard let entry = try values.get(key.name(of: project.projectID), in: transaction) else { return true }
        guard let loadedTo = WrittenRecord.loadedTo(of: entry.json) else { return false }
        return try transaction.eventFiles(of: project.projectID, from: day, to: day).contains {
            $0.maxReceivedAt > loadedTo
        }
    }
}
