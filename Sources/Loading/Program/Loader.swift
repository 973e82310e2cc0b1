import ControlStore
import EventModel
import Logging
import Warehouse
import WriteAheadLog

/// Loads the log of one data_dir, batch by batch. Owned by one thread; holds the right to load until it is released.
///
/// Whatever fails, the next turn begins at the checkpoint again: what was committed counts once, all else never did.
package final class Loader {
    /// What one turn came to.
    package enum Turn: Sendable, Equatable {
        case loaded(LoadedBatch)
        /// There is something to load, and the time for it has not come.
        case waiting
        /// All that the log holds is loaded.
        case atEnd
    }

    private let configuration: LoaderConfiguration
    private let store: ControlStore
    private let clock: Clock
    private let logger: Logger
    private let observer: any LoadObserver
    private let lock: LoaderLock
    private let files: DayFiles
    let merger: FileMerger
    private var reader: BatchReader?
    private var batches: BatchLoader?
    private var lastBatch: ContinuousClock.Instant?
    /// The last record that is loaded.
    package private(set) var checkpoint: UInt64 = 0

    /// Takes the right to load; throws `.locked` where another process has it.
    package init(
        configuration: LoaderConfiguration, store: ControlStore, warehouse: any EventWarehouse, clock: Clock = .system,
        observer: any LoadObserver = NoObserver()
    ) throws {
        self.configuration = configuration
        self.store = store
        self.clock = clock
        self.observer = observer
        logger = Logger(label: "loader")
        lock = try LoaderLock(path: configuration.lockFile)
        GarbageCollector.emptySpill(configuration.spillDirectory)
        files = DayFiles(dataDirectory: configuration.dataDirectory, warehouse: warehouse)
        merger = FileMerger(configuration: configuration, store: store, files: files, observer: observer)
    }

    /// When the oldest record that is not loaded was received, as far as is known: where the log was not read to its
    /// end, it is as old as the newest that is loaded. Nil where all is loaded.
    package var waitingSince: Timestamp? { reader?.batch.events.first?.event.receivedAt ?? newestBeforeEnd }
    private var newestBeforeEnd: Timestamp?

    /// Reads on, and loads what there is: at the log's end only when the last batch is long enough ago, or `now`.
    package func turn(now: Bool = false) throws -> Turn {
        do {
            guard var reader = try self.reader ?? open() else { return .atEnd }
            self.reader = nil
            defer { self.reader = reader }
            let atEnd = try observer.around(.read) { try reader.fill() }
            for loss in reader.takeLosses() { logger.error("\(loss)") }
            guard !reader.batch.isEmpty else {
                newestBeforeEnd = nil
                return .atEnd
            }
            if atEnd, !now, let lastBatch, lastBatch.duration(to: .now) < configuration.batchInterval {
                return .waiting
            }
            let loaded = try load(&reader)
            newestBeforeEnd = atEnd ? nil : loaded.newestReceipt
            lastBatch = .now
            return .loaded(loaded)
        } catch {
            reader = nil
            throw error
        }
    }

    /// Loads all that the log holds, and returns how many events that were.
    @discardableResult
    package func drain() throws -> Int {
        var count = 0
        while case .loaded(let batch) = try turn(now: true) { count += batch.events }
        return count
    }

    /// Ends sessions without an event for the time-out, a bounded number in each transaction, and returns how many.
    /// While the log is not at its end, its time counts: later events may be waiting in it.
    package func timeOutSessions() throws -> Int {
        let now = min(clock.now(), waitingSince ?? clock.now())
        var count = 0
        while true {
            let ended = try store.write {
                try $0.timeOutSessions(since: now - configuration.sessionTimeout, maximum: configuration.maxTimeouts)
            }
            count += ended
            guard ended == configuration.maxTimeouts else { return count }
        }
    }

    private func load(_ reader: inout BatchReader) throws -> LoadedBatch {
        guard let batches else { throw LoadError(.endsEarly, "the loader was used before its log was opened") }
        let batch = reader.batch
        reader.startNext()
        let logID = reader.logID
        let loaded = try batches.load(batch, logID: logID) { try reader.sync() }
        checkpoint = loaded.through
        return loaded
    }

    /// Opens the log behind the checkpoint; nil where there is no log yet, and nothing was ever loaded.
    private func open() throws -> BatchReader? {
        let known = try store.read { try $0.loadCheckpoint() }
        let sequence = known?.sequence ?? 0
        let directory = configuration.logDirectory
        guard let reader = try openReader(after: sequence) else { return nil }
        if let known, known.logID != reader.logID {
            throw LoadError(
                .foreignLog,
                "\(directory) holds the log \(reader.logID), but the log \(known.logID) was loaded; put that one back")
        }
        if batches == nil || sequence != checkpoint {
            let fresh = BatchLoader(
                configuration: configuration, store: store, files: files, merger: merger, observer: observer)
            try fresh.rememberFiles()
            batches = fresh
        }
        checkpoint = sequence
        return reader
    }

    private func openReader(after sequence: UInt64) throws -> BatchReader? {
        let directory = configuration.logDirectory
        let failure: LogError
        do throws(LogError) {
            return try BatchReader(directory: directory, after: sequence, configuration: configuration)
        } catch {
            failure = error
        }
        switch failure.code {
        case .missing where sequence == 0:
            return nil
        case .missing:
            throw LoadError(
                .endsEarly,
                "there is no log in \(directory), of which \(sequence) records were loaded; put it back, or restore a "
                    + "backup",
                underlying: failure)
        case .endsEarly:
            throw LoadError(.endsEarly, failure.description, underlying: failure)
        default:
            throw failure
        }
    }
}
