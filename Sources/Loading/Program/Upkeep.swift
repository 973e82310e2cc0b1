import ControlStore
import EventModel
import Glibc
import Logging
import WriteAheadLog

/// What has to be done beside loading, on a thread of its own so that no batch waits for it: merging, garbage,
/// segments of the log, SQLite's WAL. Each of it may be done at any time, or left for the next.
final class Upkeep: Sendable {
    static let garbageInterval: Duration = .seconds(300)
    static let segmentInterval: Duration = .seconds(10)

    private let configuration: LoaderConfiguration
    private let store: ControlStore
    private let merger: FileMerger
    private let observer: any LoadObserver
    private let logger = Logger(label: "upkeep")

    init(
        configuration: LoaderConfiguration, store: ControlStore, merger: FileMerger, observer: any LoadObserver
    ) {
        self.configuration = configuration
        self.store = store
        self.merger = merger
        self.observer = observer
    }

    /// Does all of it once.
    func runOnce() throws {
        try merger.mergeAll()
        try collectGarbage()
        try removeSegments()
        try checkpointIfLarge()
    }

    /// Does each in its time until `stop`; what fails is said, and tried again.
    func run(until stop: StopSignal) {
        var nextGarbage = ContinuousClock.now
        var nextSegments = ContinuousClock.now
        while !stop.wait(for: .seconds(1)) {
            attempt("merging files") { try merger.mergeAll(shouldStop: { stop.isSet }) }
            attempt("checkpointing") { try checkpointIfLarge() }
            if .now >= nextSegments {
                attempt("removing segments of the log") { try removeSegments() }
                nextSegments = .now + Self.segmentInterval
            }
            if .now >= nextGarbage {
                attempt("collecting garbage") { try collectGarbage() }
                nextGarbage = .now + Self.garbageInterval
            }
        }
    }

    /// Unlinks files that nobody can be reading any more, and forgets names of events that are gone.
    @discardableResult
    func collectGarbage() throws -> Int {
        let collector = GarbageCollector(
            dataDirectory: configuration.dataDirectory, store: store, grace: configuration.longestQuery * 2)
        let count = try observer.around(.collectGarbage) { try collector.collect() }
        if count > 0 { logger.info("\(count) files of events that nobody reads any more were removed") }
        let keep = Int64(configuration.eventsDays)
        try store.write { try $0.deleteEventNames(before: $0.now.day.advanced(by: -keep)) }
        return count
    }

    /// Removes segments that are loaded and kept long enough; at once where the disk is short.
    @discardableResult
    func removeSegments() throws -> [RemovedSegment] {
        guard let checkpoint = try store.read({ try $0.loadCheckpoint() }) else { return [] }
        let isShort = freeBytes().map { $0 < UInt64(configuration.minFreeBytes) } ?? false
        let removed = try observer.around(.removeSegments) {
            try LogDirectory.removeSegments(
                in: configuration.logDirectory, loadedThrough: checkpoint.sequence,
                olderThan: store.clock.now() - configuration.keepLoaded, force: isShort)
        }
        for segment in removed { logger.debug("the loaded segment \(segment.name) was removed") }
        return removed
    }

    /// Moves SQLite's WAL into the database when it has grown large; the loader is the one program that does.
    func checkpointIfLarge() throws {
        var status = stat()
        guard stat(configuration.controlDatabase + "-wal", &status) == 0,
            Int(status.st_size) >= configuration.checkpointBytes
        else { return }
        try store.checkpoint()
    }

    private func freeBytes() -> UInt64? {
        var status = statvfs()
        guard statvfs(configuration.logDirectory, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    private func attempt(_ what: String, _ body: () throws -> Void) {
        do { try body() } catch { logger.warning("\(what) failed, and is tried again: \(error)") }
    }
}
