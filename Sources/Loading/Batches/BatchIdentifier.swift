import ControlStore
import EventModel
import Warehouse

/// A batch after it is known which of its events count.
struct IdentifiedBatch {
    /// In the order of the log.
    var events: [StoredEvent] = []
    /// Of each event, the place of its project in `projects`.
    var projectOf: [Int32] = []
    var keys: [IdentityKey] = []
    var projects: [ProjectID] = []
    var deadLetters: [DeadLetter] = []
    /// Duplicates and events under `(other)`, by the place of their project.
    var duplicates: [Int: Int] = [:]
    var otherNames: [Int: Int] = [:]
    var newNames: [EventNames.NewName] = []
}

/// Finds what a batch holds twice, what was loaded before, and what belongs to nobody.
struct BatchIdentifier {
    let configuration: LoaderConfiguration
    let store: ControlStore
    let warehouse: any EventWarehouse

    /// Days of files that a late event's id is looked up in, to each side of its own.
    private static let daysAround: Int64 = 1

    func identify(
        _ batch: EventBatch, remembered: RememberedIdentities, names: inout EventNames
    ) throws -> IdentifiedBatch {
        let known = try store.read { try $0.projectIDs() }
        var result = IdentifiedBatch()
        result.deadLetters = batch.broken.map(DeadLetter.init(broken:))
        var places: [ProjectID: Int32?] = [:]
        var numbers: [UInt64] = []
        var seen: Set<IdentityKey> = []
        seen.reserveCapacity(batch.events.count)
        var suspects = Suspects()
        for event in batch.events {
            let project = event.event.projectID
            let place: Int32?
            if let found = places[project] {
                place = found
            } else {
                place = known.contains(project) ? Int32(result.projects.count) : nil
                places[project] = .some(place)
                if place != nil {
                    result.projects.append(project)
                    numbers.append(IdentityKey.number(of: project))
                }
            }
            guard let place else {
                result.deadLetters.append(DeadLetter(ownerless: event))
                continue
            }
            let key = IdentityKey(project: numbers[Int(place)], id: event.event.id)
            guard seen.insert(key).inserted else {
                result.duplicates[Int(place), default: 0] += 1
                continue
            }
            if let range = remembered.received(key) { suspects.add(key, of: Int(place), received: range) }
            if event.event.receivedAt - event.event.timestamp > configuration.rememberedIDs {
                suspects.add(key, of: Int(place), on: event.event.timestamp.day)
            }
            result.events.append(event)
            result.projectOf.append(place)
            result.keys.append(key)
        }
        try drop(suspects, from: &result)
        try names.check(&result, store: store, maximum: configuration.maxEventNames)
        return result
    }

    /// Takes out the suspects that stand in a file.
    private func drop(_ suspects: Suspects, from result: inout IdentifiedBatch) throws {
        guard !suspects.isEmpty else { return }
        var found: Set<IdentityKey> = []
        for (place, suspect) in suspects.byProject {
            let project = result.projects[place]
            let files = try store.read { transaction in try self.files(suspect, project, transaction) }
            let keys = Array(suspect.keys)
            let paths = files.map { "\(configuration.dataDirectory)/\($0)" }
            let existing = try warehouse.existing(ids: keys.map(\.id), in: paths)
            for key in keys where existing.contains(key.id) { found.insert(key) }
        }
        guard !found.isEmpty else { return }
        var kept = 0
        for index in result.events.indices {
            if found.contains(result.keys[index]) {
                result.duplicates[Int(result.projectOf[index]), default: 0] += 1
                continue
            }
            if kept != index {
                result.events[kept] = result.events[index]
                result.projectOf[kept] = result.projectOf[index]
                result.keys[kept] = result.keys[index]
            }
            kept += 1
        }
        result.events.removeLast(result.events.count - kept)
        result.projectOf.removeLast(result.projectOf.count - kept)
        result.keys.removeLast(result.keys.count - kept)
    }

    /// Paths of the current files that may hold one of a project's suspects.
    private func files(
        _ suspect: Suspects.OfProject, _ project: ProjectID, _ transaction: StoreTransaction
    ) throws -> Set<String> {
        var paths: Set<String> = []
        if let received = suspect.received {
            for file in try transaction.eventFiles(receivedSince: received.lowerBound)
            where file.projectID == project && file.minReceivedAt <= received.upperBound {
                paths.insert(file.path)
            }
        }
        for day in suspect.days {
            let (first, last) = (day.advanced(by: -Self.daysAround), day.advanced(by: Self.daysAround))
            for file in try transaction.eventFiles(of: project, from: first, to: last) { paths.insert(file.path) }
        }
        return paths
    }
}

/// Ids that may have been loaded before, with where to look.
private struct Suspects {
    struct OfProject {
        var keys: Set<IdentityKey> = []
        var received: ClosedRange<Timestamp>?
        var days: Set<Day> = []
    }

    private(set) var byProject: [Int: OfProject] = [:]

    var isEmpty: Bool { byProject.isEmpty }

    mutating func add(_ key: IdentityKey, of project: Int, received: ClosedRange<Timestamp>) {
        byProject[project, default: OfProject()].keys.insert(key)
        let known = byProject[project]?.received ?? received
        byProject[project]?.received =
            min(known.lowerBound, received.lowerBound)...max(known.upperBound, received.upperBound)
    }

    mutating func add(_ key: IdentityKey, of project: Int, on day: Day) {
        byProject[project, default: OfProject()].keys.insert(key)
        byProject[project]?.days.insert(day)
    }
}
