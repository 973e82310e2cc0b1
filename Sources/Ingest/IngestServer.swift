import EventModel
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Systemd
import WriteAheadLog

/// The running daemon: its listeners, its event loops, and what has to be done once a second.
package final class IngestServer: Sendable {
    private let shared: IngestShared
    private let group: MultiThreadedEventLoopGroup
    let loops: [IngestLoop]
    private let counters: [Counters]
    private let listeners: [Listener]
    /// What the operator should know of how the daemon was started.
    private let warnings: [String]
    private let gate: AcceptGate.Count
    private let housekeeping: Mutex<Housekeeping>
    private let timers: [RepeatedTask]
    private let isStopping = Mutex(false)

    /// What `tick` remembers.
    private struct Housekeeping: Sendable {
        var keys: KeyWatcher
        var countries: CountryWatcher
        var status: StatusFile
        /// Of the keys that the event loops have.
        var snapshotVersion: Int64 = 0
        /// Why the status file could not be written when it was tried last.
        var statusProblem: String?

        /// What the operator has to look at now.
        var problems: String? {
            let problems = [keys.problem, countries.problem, statusProblem].compactMap { $0 }
            return problems.isEmpty ? nil : problems.joined(separator: "; ")
        }
    }

    /// Starts listening, on `sockets` alone where there are any. The log is the caller's to open; `stop` closes it.
    package static func start(
        _ options: IngestOptions, log: any DurableLog, sockets: [ListenSocket] = [], clock: Clock = .system,
        logger: Logger
    ) async throws -> IngestServer {
        let handed = try HandedSockets(sockets)
        var countryWatcher = CountryWatcher(path: options.countryDatabase, logger: logger)
        let countries = try countryWatcher.first()
        try RuntimeDirectories.prepare(options)
        let shared = IngestShared(
            options: options, log: log, limiter: RateLimiter(), recentIDs: RecentIDs(now: clock.now()),
            secrets: try DaySecrets(directory: options.secretDirectory), proxies: options.trustedProxies,
            clock: clock, logger: logger, startedAt: clock.now(), scripts: try ScriptPaths(names: options.scriptPaths),
            gauges: (0..<options.loops).map { _ in Gauges() })
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops)
        do { return try await IngestServer(shared, group, handed, (countryWatcher, countries)) } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ shared: IngestShared, _ group: MultiThreadedEventLoopGroup, _ handed: HandedSockets,
        _ countries: (watcher: CountryWatcher, database: CountryDatabase?)
    ) async throws {
        let options = shared.options
        let eventLoops = Array(group.makeIterator())
        let counters = eventLoops.map { _ in Counters() }
        let loops = eventLoops.indices.map {
            IngestLoop(
                eventLoop: eventLoops[$0], shared: shared, counters: counters[$0], allCounters: counters,
                gauges: shared.gauges[$0])
        }
        shared.log.subscribe { progress in
            for loop in loops { loop.eventLoop.execute { loop.progress(progress) } }
        }
        self.shared = shared
        self.group = group
        self.loops = loops
        self.counters = counters
        housekeeping = Mutex(
            Housekeeping(
                keys: KeyWatcher(options, logger: shared.logger), countries: countries.watcher,
                status: StatusFile(path: options.statusFile)))
        warnings = handed.warnings
        let keys = housekeeping.withLock { $0.keys.changed() }
        for loop in loops {
            try await loop.eventLoop.submit {
                if let keys { loop.keys = keys }
                loop.countries = countries.database
            }.get()
        }
        if let keys { housekeeping.withLock { $0.snapshotVersion = keys.version } }
        gate = AcceptGate.Count(limit: options.bounds.connections)
        let factory = ListenerFactory(
            group: group, loops: Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) }),
            gate: gate)
        gate.whenFull { for loop in loops { loop.eventLoop.execute { loop.makeRoom() } } }
        listeners = try await factory.all(handed, options)
        for warning in warnings { shared.logger.warning("\(warning)") }
        let interval = TimeAmount(options.bounds.tick)
        timers = loops.map { [gate] loop in
            loop.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                loop.checkTimeouts()
                if gate.isFull { loop.makeRoom() }
            }
        }
        writeStatus()
    }

    /// `kind address`, one for each listener.
    package var listenerNames: [String] { listeners.map(\.name) }

    /// The TCP port that was taken.
    package var port: Int { listeners.first { $0.kind == .http }?.channel.localAddress?.port ?? 0 }

    /// What the daemon answered since it started.
    package var verdict: Verdict { Counters.sum(counters).verdict }

    /// Whether every event loop knows that the daemon stops.
    func isDraining() async throws -> Bool {
        for loop in loops where try await !loop.eventLoop.submit({ loop.isDraining }).get() { return false }
        return true
    }

    /// Bytes of unfinished requests.
    func bufferedBytes() async throws -> Int {
        var sum = 0
        for loop in loops { sum += try await loop.eventLoop.submit { loop.bufferedBytes }.get() }
        return sum
    }

    /// Once a second: new keys, a new day's secret, the status file.
    package func tick() {
        housekeeping.withLock { state in
            // Under the lock, so that of two calls at once the one that read first is heard first.
            if let keys = state.keys.changed() {
                for loop in loops { loop.eventLoop.execute { loop.keys = keys } }
                state.snapshotVersion = keys.version
            }
            if let countries = state.countries.changed() {
                for loop in loops { loop.eventLoop.execute { loop.countries = countries } }
            }
        }
        let now = shared.clock.now()
        _ = shared.secrets.secret(for: now.day)
        for loop in loops { loop.eventLoop.execute { _ = loop.secret(at: now) } }
        writeStatus()
    }

    /// Reads the projects again, and takes other rates for those that name none. Buckets keep their level.
    package func reload(eventsPerMinutePerKey: Int, eventsPerMinutePerAddress: Int) {
        housekeeping.withLock {
            $0.keys.reload(
                eventsPerMinutePerKey: eventsPerMinutePerKey, eventsPerMinutePerAddress: eventsPerMinutePerAddress)
        }
        tick()
    }

    private func writeStatus() {
        let values = Counters.sum(counters)
        let (names, warnings) = (listenerNames, warnings)
        housekeeping.withLock { state in
            let content = StatusFile.content(
                values, shared: shared, snapshotVersion: state.snapshotVersion, listeners: names,
                warnings: warnings, lastError: state.problems)
            let problem = state.status.write(content)
            if let problem, state.statusProblem == nil {
                shared.logger.error("the status file cannot be written", metadata: ["reason": "\(problem)"])
            }
            state.statusProblem = problem.map { "the status file could not be written: \($0)" }
        }
    }

    /// Stops: new connections wait in the backlog, every request whose first byte was read is answered, then the log
    /// is closed. Bounded by `drainTimeout`.
    package func stop() async {
        let isFirst = isStopping.withLock { isStopping in
            defer { isStopping = true }
            return !isStopping
        }
        guard isFirst else { return }
        gate.shut()
        for listener in listeners { try? await listener.stopAccepting() }
        // All at once: none may go on serving while another waits for its last connection.
        let drained = loops.map { loop in loop.eventLoop.flatSubmit { loop.drain() } }
        for future in drained { try? await future.get() }
        for timer in timers { timer.cancel() }
        shared.log.close()
        // What the log told last is on its way to the loops, which count it.
        for loop in loops { try? await loop.eventLoop.submit {}.get() }
        writeStatus()
        try? await group.shutdownGracefully()
        for path in listeners.compactMap(\.ownPath) { unlink(path) }
    }
}
