import EventModel
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import WriteAheadLog

/// The running daemon: its listeners, its event loops, and what has to be done once a second.
package final class IngestServer: Sendable {
    private let shared: IngestShared
    private let group: MultiThreadedEventLoopGroup
    private let loops: [IngestLoop]
    private let counters: [Counters]
    private let listeners: [Listener]
    private let gate: AcceptGate.Count
    private let housekeeping: Mutex<Housekeeping>
    private let timers: [RepeatedTask]
    private let isStopping = Mutex(false)

    /// What `tick` remembers.
    private struct Housekeeping: Sendable {
        var keys: KeyWatcher
        var status: StatusFile
        /// Of the keys that the event loops have.
        var snapshotVersion: Int64 = 0
        var lastError: String?
    }

    /// Starts listening. The log is the caller's to open; `stop` closes it.
    package static func start(
        _ options: IngestOptions, log: any DurableLog, clock: Clock = .system, logger: Logger
    ) async throws -> IngestServer {
        let proxies = try options.trustedProxies.map { text throws(IngestError) in
            guard let block = AddressBlock(text) else {
                let text = "ingest.trusted_proxies holds \(text), which is no address or CIDR block"
                throw IngestError(.badAddress, text)
            }
            return block
        }
        try RuntimeDirectories.prepare(options)
        let shared = IngestShared(
            options: options, log: log, limiter: RateLimiter(), recentIDs: RecentIDs(now: clock.now()),
            secrets: try DaySecrets(directory: options.secretDirectory), proxies: TrustedProxies(blocks: proxies),
            clock: clock, logger: logger, startedAt: clock.now())
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops)
        do { return try await IngestServer(shared, group) } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(_ shared: IngestShared, _ group: MultiThreadedEventLoopGroup) async throws {
        let options = shared.options
        let eventLoops = Array(group.makeIterator())
        let counters = eventLoops.map { _ in Counters() }
        let loops = zip(eventLoops, counters).map {
            IngestLoop(eventLoop: $0, shared: shared, counters: $1, allCounters: counters)
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
                keys: KeyWatcher(options, logger: shared.logger), status: StatusFile(path: options.statusFile)))
        let keys = housekeeping.withLock { $0.keys.changed() }
        for loop in loops {
            try await loop.eventLoop.submit { if let keys { loop.keys = keys } }.get()
        }
        if let keys { housekeeping.withLock { $0.snapshotVersion = keys.version } }
        gate = AcceptGate.Count(limit: options.bounds.connections)
        let factory = ListenerFactory(
            group: group, loops: Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) }),
            gate: gate)
        listeners = [
            try await factory.tcp(options.http), try await factory.unix(options.unixSocket, .ingest),
            try await factory.unix(options.streamSocket, .stream),
        ]
        let interval = TimeAmount(options.bounds.tick)
        timers = loops.map { loop in
            loop.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in loop.checkTimeouts() }
        }
        writeStatus()
    }

    /// `kind address`, one for each listener.
    package var listenerNames: [String] { listeners.map(\.name) }

    /// The TCP port that was taken.
    package var port: Int { listeners.first?.channel.localAddress?.port ?? 0 }

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
        if let keys = housekeeping.withLock({ $0.keys.changed() }) {
            for loop in loops { loop.eventLoop.execute { loop.keys = keys } }
            housekeeping.withLock { $0.snapshotVersion = keys.version }
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
        let names = listenerNames
        housekeeping.withLock { state in
            let content = StatusFile.content(
                values, shared: shared, snapshotVersion: state.snapshotVersion, listeners: names,
                lastError: state.lastError)
            guard let problem = state.status.write(content), state.lastError == nil else { return }
            state.lastError = "the status file cannot be written: \(problem)"
            shared.logger.error("the status file cannot be written", metadata: ["reason": "\(problem)"])
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
        writeStatus()
        try? await group.shutdownGracefully()
        unlink(shared.options.unixSocket)
        unlink(shared.options.streamSocket)
    }
}
