import EventModel
import Logging
import NIOCore
import WriteAheadLog

/// What all event loops share; each part guards itself.
struct IngestShared: Sendable {
    let options: IngestOptions
    let log: any DurableLog
    let limiter: RateLimiter
    let recentIDs: RecentIDs
    let secrets: DaySecrets
    let proxies: TrustedProxies
    let clock: Clock
    let logger: Logger
    let startedAt: Timestamp
    let scripts: ScriptPaths
    /// One for each event loop, in their order.
    let gauges: [Gauges]
}

/// Who waits for the log.
protocol LogWaiter: AnyObject {
    /// The records behind the request or line `number` are on the disk.
    func becameDurable(_ number: Int)
    /// The log refused them.
    func wasRefused(_ number: Int, _ error: LogError)
    /// Sends what can be sent now, and reads on; called once after any number of the two above, which do neither.
    func flushAnswers()
}

/// A connection, as its event loop sees it.
protocol IngestConnection: AnyObject {
    /// Since when it served nobody, where it may be closed to make room for others; nil where it may not.
    var uselessSince: NIODeadline? { get }
    /// Looks at the time-outs.
    func checkTimeouts(_ now: NIODeadline)
    /// The daemon stops: end once what has begun is answered.
    func drain()
    /// Ends at once.
    func abandon()
}

/// What belongs to one event loop: its connections, its reader, and the first-in-first-out queue of those who wait for
/// the disk. Sendable because everything but the constants is touched on `eventLoop` only.
final class IngestLoop: @unchecked Sendable {
    /// Someone who waits until these sequence numbers are durable.
    struct Waiter {
        let sequences: ClosedRange<UInt64>
        let connection: any LogWaiter
        let number: Int
        let ids: [RecentIDs.Entry]
    }

    /// The same before the log numbered the records.
    private struct TurnWaiter {
        let records: Int
        let connection: any LogWaiter
        let number: Int
        let ids: [RecentIDs.Entry]
    }

    /// From this size on a batch goes to the log on its own: a copy would cost more than a call.
    private static let ownCallBytes = 16 << 10

    let eventLoop: any EventLoop
    let shared: IngestShared
    let counters: Counters
    /// All loops' counters, for `/metrics`.
    let allCounters: [Counters]

    var keys = KeyDirectory.empty
    var countries: CountryDatabase?
    var reader: EventReader
    var batch = RecordBatch()
    /// The answers that a connection sends at once; its memory is free again when they are sent.
    var output = ByteBuffer()
    let unpackers = BodyUnpackers()
    var bufferedBytes = 0 { didSet { if bufferedBytes != oldValue { gauges.set(bufferedBytes: bufferedBytes) } } }
    /// For the answers of this moment.
    private(set) var date: DateHeader
    private let gauges: Gauges
    private(set) var isDraining = false
    private var waiters = CircularBuffer<Waiter>()
    /// What the requests of one turn of the event loop brought: handed to the log together when the turn ends.
    private var turn = RecordBatch()
    private var turnWaiters: [TurnWaiter] = []
    private var connections: [ObjectIdentifier: any IngestConnection] = [:]
    private var whenEmpty: EventLoopPromise<Void>?
    private var secret: DaySecrets.Secret

    init(
        eventLoop: any EventLoop, shared: IngestShared, counters: Counters, allCounters: [Counters], gauges: Gauges
    ) {
        self.eventLoop = eventLoop
        self.shared = shared
        self.counters = counters
        self.allCounters = allCounters
        self.gauges = gauges
        date = DateHeader(shared.clock.now())
        let recentIDs = shared.recentIDs
        reader = EventReader(eventBytes: shared.options.bounds.eventBodyBytes) { recentIDs.contains($0) }
        secret = shared.secrets.secret(for: shared.clock.now().day)
    }

    /// The secret of the day of receipt.
    func secret(at time: Timestamp) -> DaySecrets.Secret {
        if secret.day != time.day { secret = shared.secrets.secret(for: time.day) }
        return secret
    }

    /// Hands the batch to the log, and remembers who waits for it.
    func append(for connection: any LogWaiter, number: Int) throws(LogError) {
        endTurn()
        defer { batch.removeAll(keepingCapacity: batch.byteCount < 1 << 20) }
        let sequences = try shared.log.append(batch)
        waiters.append(
            Waiter(sequences: sequences, connection: connection, number: number, ids: reader.batchIDs))
    }

    /// The same with what other requests bring in this turn of the event loop: the log is asked once for all of them,
    /// and writes them together. Those whom it refuses hear of it when the turn ends.
    func appendWithTurn(for connection: any LogWaiter, number: Int) throws(LogError) {
        guard batch.byteCount < Self.ownCallBytes else { return try append(for: connection, number: number) }
        if turnWaiters.isEmpty { eventLoop.assumeIsolated().execute { self.endTurn() } }
        turn.append(contentsOf: batch)
        turnWaiters.append(
            TurnWaiter(records: batch.count, connection: connection, number: number, ids: reader.batchIDs))
        batch.removeAll(keepingCapacity: true)
    }

    /// Hands over what the turn brought. Nobody hears of it before the turn is over and nothing of it is left here:
    /// whoever may send his answers reads on, and appends.
    private func endTurn() {
        guard !turnWaiters.isEmpty else { return }
        var refusal: LogError?
        do throws(LogError) {
            var first = try shared.log.append(turn).lowerBound
            for waiter in turnWaiters {
                let end = first + UInt64(waiter.records)
                waiters.append(
                    Waiter(
                        sequences: first...(end - 1), connection: waiter.connection, number: waiter.number,
                        ids: waiter.ids))
                first = end
            }
        } catch { refusal = error }
        let refused = refusal == nil ? [] : turnWaiters
        turnWaiters.removeAll(keepingCapacity: true)
        turn.removeAll(keepingCapacity: turn.byteCount < 1 << 20)
        if let refusal { refuse(refused, refusal) }
    }

    /// Counts at once what the log refused, and lets the answers go out in a turn of their own: a caller of this one
    /// may hold events in `batch`.
    private func refuse(_ refused: [TurnWaiter], _ error: LogError) {
        var touched: [any LogWaiter] = []
        for waiter in refused {
            waiter.connection.wasRefused(waiter.number, error)
            if touched.last !== waiter.connection { touched.append(waiter.connection) }
        }
        eventLoop.assumeIsolated().execute { for connection in touched { connection.flushAnswers() } }
    }

    /// What the log's thread told, once a group.
    func progress(_ progress: LogProgress) {
        var touched: [any LogWaiter] = []
        switch progress {
        case .durable(let through):
            let now = shared.clock.now()
            while let waiter = waiters.first, waiter.sequences.upperBound <= through {
                waiters.removeFirst()
                if !waiter.ids.isEmpty { shared.recentIDs.insert(waiter.ids, now: now) }
                waiter.connection.becameDurable(waiter.number)
                if touched.last !== waiter.connection { touched.append(waiter.connection) }
            }
        case .failed(let range, let error):
            while let waiter = waiters.first, waiter.sequences.lowerBound <= range.upperBound {
                waiters.removeFirst()
                waiter.connection.wasRefused(waiter.number, error)
                if touched.last !== waiter.connection { touched.append(waiter.connection) }
            }
        }
        for connection in touched { connection.flushAnswers() }
    }

    func opened(_ connection: any IngestConnection) {
        connections[ObjectIdentifier(connection)] = connection
        gauges.set(connections: connections.count)
        if isDraining { connection.drain() }
    }

    func closed(_ connection: any IngestConnection) {
        connections[ObjectIdentifier(connection)] = nil
        gauges.set(connections: connections.count)
        if connections.isEmpty { whenEmpty?.succeed(()) }
    }

    var allConnections: [any IngestConnection] { Array(connections.values) }

    func checkTimeouts() {
        date.update(shared.clock.now())
        let now = NIODeadline.now()
        for connection in Array(connections.values) { connection.checkTimeouts(now) }
    }

    /// Ends each connection once what it has begun is answered; the future succeeds when none is left.
    func drain() -> EventLoopFuture<Void> {
        isDraining = true
        let promise = eventLoop.makePromise(of: Void.self)
        whenEmpty = promise
        for connection in Array(connections.values) { connection.drain() }
        if connections.isEmpty { promise.succeed(()) }
        let abandon = eventLoop.scheduleTask(in: TimeAmount(shared.options.bounds.drainTimeout)) {
            for connection in Array(self.connections.values) { connection.abandon() }
        }
        promise.futureResult.whenComplete { _ in abandon.cancel() }
        return promise.futureResult
    }
}
