import ControlStore
import EventModel
import Warehouse

/// What became of a batch.
package struct LoadedBatch: Sendable, Equatable {
    package var events = 0
    package var duplicates = 0
    package var deadLetters = 0
    package var otherNames = 0
    /// The checkpoint after it.
    package var through: UInt64 = 0
    /// When its newest event was received.
    package var newestReceipt: Timestamp?
}

/// Takes a batch through every step up to its commit, and remembers ids between batches.
final class BatchLoader {
    private let configuration: LoaderConfiguration
    private let store: ControlStore
    private let files: DayFiles
    private let merger: FileMerger
    private let observer: any LoadObserver
    private let identifier: BatchIdentifier
    private var remembered: RememberedIdentities
    private var names = EventNames()

    init(
        configuration: LoaderConfiguration, store: ControlStore, files: DayFiles, merger: FileMerger,
        observer: any LoadObserver
    ) {
        self.configuration = configuration
        self.store = store
        self.files = files
        self.merger = merger
        self.observer = observer
        identifier = BatchIdentifier(configuration: configuration, store: store, warehouse: files.warehouse)
        remembered = RememberedIdentities(
            directory: configuration.dataDirectory, span: configuration.rememberedIDs + configuration.rememberedMargin)
    }

    /// Reads the ids of the last 48 hours back from the files that the catalogue names.
    func rememberFiles() throws {
        let current = try store.read { transaction -> [EventFile] in
            guard let newest = try transaction.newestReceipt() else { return [] }
            return try transaction.eventFiles(
                receivedSince: newest - configuration.rememberedIDs - configuration.rememberedMargin)
        }
        var expected = current.reduce(0) { $0 + $1.rows }
        for file in current {
            let project = IdentityKey.number(of: file.projectID)
            try files.warehouse.ids(in: [files.absolute(file.path)]) { ids in
                for id in ids {
                    remembered.add(
                        IdentityKey(project: project, id: id), received: file.minReceivedAt...file.maxReceivedAt,
                        expecting: expected)
                }
            }
            expected -= file.rows
        }
    }

    /// Loads a batch: all of it when this returns, nothing of it when it throws. `syncLog` returns when the records
    /// of the batch are on the disk.
    func load(_ batch: EventBatch, logID: String, syncLog: () throws -> Void) throws -> LoadedBatch {
        let (from, through, damaged) = (batch.from, batch.through, batch.damaged)
        var written: [EventFile] = []
        do {
            var identified = try observer.around(.identify) {
                try identifier.identify(batch, remembered: remembered, names: &names)
            }
            var sessions = BatchSessions(configuration: configuration)
            try observer.around(.resolveSessions) { try sessions.resolve(&identified, store: store) }
            try observer.around(.writeFiles) { try writeFiles(identified, &written) }
            try observer.around(.syncLog) { try syncLog() }
            let commit = BatchCommit(
                batch: identified, sessions: sessions, files: written, damaged: damaged, logID: logID, from: from,
                through: through)
            let deadLetters = try observer.around(.commit) {
                try store.write { transaction in
                    for file in written { try files.check(file) }
                    return try commit.run(transaction)
                }
            }
            try observer.around(.remember) { remember(identified) }
            return LoadedBatch(
                events: identified.events.count, duplicates: identified.duplicates.values.reduce(0, +),
                deadLetters: deadLetters, otherNames: identified.otherNames.values.reduce(0, +), through: through,
                newestReceipt: identified.events.map(\.event.receivedAt).max())
        } catch {
            names.reset()
            if error is any ExitCoded { files.remove(written, store: store) }
            throw error
        }
    }

    private func writeFiles(_ batch: IdentifiedBatch, _ written: inout [EventFile]) throws {
        for group in DayFiles.days(of: batch) {
            try merger.makeRoom(project: group.project, day: group.day)
            let events = group.events.map { batch.events[$0] }
            written.append(try files.write(events, project: group.project, day: group.day))
        }
    }

    private func remember(_ batch: IdentifiedBatch) {
        var left = batch.keys.count
        for (key, event) in zip(batch.keys, batch.events) {
            let time = event.event.receivedAt
            remembered.add(key, received: time...time, expecting: left)
            left -= 1
        }
        if let oldest = batch.events.first?.event.receivedAt { remembered.forget(before: oldest) }
    }
}
