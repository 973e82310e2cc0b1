import ControlStore
import EventModel
import Synchronization
import Warehouse

/// Merges the files of open days. Safe beside the loader: a merge counts only while all its inputs are current.
final class FileMerger: Sendable {
    private let configuration: LoaderConfiguration
    private let store: ControlStore
    private let files: DayFiles
    private let observer: any LoadObserver
    /// One merge at a time in this process.
    private let turn = Mutex<Void>(())

    init(
        configuration: LoaderConfiguration, store: ControlStore, files: DayFiles, observer: any LoadObserver
    ) {
        self.configuration = configuration
        self.store = store
        self.files = files
        self.observer = observer
    }

    /// Does the merges that are due in all days; stops between two of them when `shouldStop` says so.
    func mergeAll(shouldStop: () -> Bool = { false }) throws {
        for day in try store.read({ try $0.crowdedDays(files: configuration.mergeFiles) }) {
            while !shouldStop(), try mergeNext(project: day.project, day: day.day) {}
        }
    }

    /// Merges until one more file fits into the day.
    func makeRoom(project: ProjectID, day: Day) throws {
        while try store.read({ try $0.eventFiles(of: project, from: day, to: day).count }) >= configuration.maxDayFiles
        {
            guard try mergeNext(project: project, day: day) else { return }
        }
    }

    /// Does the next merge of a day; false where none is due.
    private func mergeNext(project: ProjectID, day: Day) throws -> Bool {
        try turn.withLock { _ in
            let current = try store.read { try $0.eventFiles(of: project, from: day, to: day) }
            let plan = MergePlan.next(
                current, mergeFiles: configuration.mergeFiles, maximum: configuration.maxDayFiles)
            guard let inputs = plan else { return false }
            try merge(inputs, project: project, day: day)
            return true
        }
    }

    private func merge(_ inputs: [EventFile], project: ProjectID, day: Day) throws {
        let path = DayFiles.newPath(project: project, day: day)
        let facts = try observer.around(.writeMerged) {
            try files.warehouse.merge(inputs.map { files.absolute($0.path) }, into: files.absolute(path))
        }
        let merged = EventFile(project: project, day: day, path: path, facts: facts)
        do {
            try observer.around(.commitMerge) {
                try store.write { transaction in
                    try files.check(merged)
                    try transaction.replaceEventFiles(inputs, with: merged)
                }
            }
        } catch let error as any ExitCoded {
            files.remove([merged], store: store)
            // Somebody else replaced an input first: its own files are as good.
            if let error = error as? StoreError, error.code == .conflict { return }
            throw error
        }
    }
}
