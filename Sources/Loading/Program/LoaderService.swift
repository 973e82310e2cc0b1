import ControlStore
import EventModel
import Logging
import ServiceLifecycle
import Settings
import Warehouse
import WriteAheadLog

/// The loader as a service: one thread loads, another does the upkeep. Ends with the batch it is at when it is told
/// to, or, with `once`, when the log is drained.
package struct LoaderService: Service {
    private static let idle: Duration = .milliseconds(100)
    private static let firstPause: Duration = .seconds(1)
    private static let longestPause: Duration = .seconds(30)
    /// Tries of a batch with `once`, where nobody is there to wait for a disk that is full.
    private static let triesOnce = 3

    private let configuration: LoaderConfiguration
    private let store: ControlStore
    private let warehouse: any EventWarehouse
    private let clock: Clock
    private let once: Bool
    private let stop = StopSignal()

    package init(
        configuration: LoaderConfiguration, store: ControlStore, warehouse: any EventWarehouse, clock: Clock = .system,
        once: Bool
    ) {
        self.configuration = configuration
        self.store = store
        self.warehouse = warehouse
        self.clock = clock
        self.once = once
    }

    /// Opens what the configuration names: the control database, which must exist, and DuckDB.
    package init(_ settings: Configuration, once: Bool) throws {
        let library = try DuckDBLibrary.locate(configured: settings.warehouse.duckdbLibrary)
        let configuration = LoaderConfiguration(settings)
        let engine = DuckDBSettings(
            memoryLimitMiB: settings.warehouse.memoryLimitMiB, threads: settings.warehouse.threads,
            temporaryDirectory: configuration.spillDirectory)
        self.init(
            configuration: configuration, store: try ControlStore.open(path: settings.controlDatabase),
            warehouse: try DuckDBWarehouse(engine, library: library), once: once)
    }

    /// Runs until it has ended by itself, or SIGTERM or SIGINT came and the batch it was at is loaded.
    package func runUntilStopped() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: self, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "loader")))
        try await group.run()
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await BlockingThread.run { try work() }
        } onGracefulShutdown: {
            stop.set()
        }
    }

    /// Loads on the calling thread until told to stop, or drained.
    private func work() throws {
        let loader = try Loader(configuration: configuration, store: store, warehouse: warehouse, clock: clock)
        let upkeep = Upkeep(
            configuration: configuration, store: store, merger: loader.merger, observer: NoObserver())
        var status = LoaderStatusFile(directory: configuration.statusDirectory, clock: clock)
        if once {
            try drain(loader, &status)
            try upkeep.runOnce()
            return
        }
        let upkeepThread = WorkThread { [stop] in upkeep.run(until: stop) }
        defer {
            stop.set()
            upkeepThread.join()
        }
        try serve(loader, &status)
    }

    private func serve(_ loader: Loader, _ status: inout LoaderStatusFile) throws {
        var nextSweep = ContinuousClock.now
        var pause = Self.firstPause
        while !stop.isSet {
            do {
                let turn = try loader.turn()
                pause = Self.firstPause
                if case .loaded(let batch) = turn { status.loaded(batch) }
                status.write(checkpoint: loader.checkpoint, waitingSince: loader.waitingSince)
                if case .loaded = turn { continue }
                // Only at the log's end: before it, events may come that keep a session open.
                if .now >= nextSweep {
                    _ = try loader.timeOutSessions()
                    nextSweep = .now + configuration.sweepInterval
                }
                _ = stop.wait(for: Self.idle)
            } catch {
                try wait(pause, for: error, loader, &status)
                pause = min(pause * 2, Self.longestPause)
            }
        }
        status.write(checkpoint: loader.checkpoint, waitingSince: loader.waitingSince, now: true)
    }

    private func drain(_ loader: Loader, _ status: inout LoaderStatusFile) throws {
        var tries = 0
        while !stop.isSet {
            do {
                guard case .loaded(let batch) = try loader.turn(now: true) else { break }
                status.loaded(batch)
                tries = 0
            } catch {
                tries += 1
                guard tries < Self.triesOnce else { throw error }
                try wait(Self.firstPause, for: error, loader, &status)
            }
        }
        _ = try loader.timeOutSessions()
        status.write(checkpoint: loader.checkpoint, waitingSince: nil, now: true)
    }

    /// Says why loading stands still, and waits; an error that waiting cannot mend ends the program.
    private func wait(
        _ pause: Duration, for error: any Error, _ loader: Loader, _ status: inout LoaderStatusFile
    ) throws {
        guard LoadError.mayPass(error) else { throw error }
        Logger(label: "loader").error("\(error); nothing is lost, the batch is tried again")
        status.failed(error)
        status.write(checkpoint: loader.checkpoint, waitingSince: loader.waitingSince, now: true)
        _ = stop.wait(for: pause)
    }
}
