import ControlStore
import EventModel
import GRDB

/// The job table, shared by all workers, the API and the tool, on any number of processes.
///
/// Every move is one short immediate transaction: the row is read, `JobStatus` decides, one guarded UPDATE writes it.
/// A process that dies in the middle leaves the old state. Times of the table are those of the real clock; leases are
/// counted by the boot clock. Calls block.
package struct JobQueue: Sendable {
    /// The most jobs that a sweep moves in one transaction.
    static let sweepLimit = 500
    /// Code points of a message or an error; what is longer is cut.
    static let maximumTextLength = 1_000
    /// UTF-8 bytes of a payload.
    package static let maximumPayloadBytes = 65_536
    /// Errors kept of a job: of more, the oldest go.
    static let maximumErrors = 100

    package let store: ControlStore
    package let configuration: JobQueueConfiguration
    let bootClock: BootClock
    let realTime: Clock
    /// -0.1 to 0.1, for the back-off.
    let jitter: @Sendable () -> Double

    package init(
        store: ControlStore, configuration: JobQueueConfiguration, clock: BootClock = .system,
        realTime: Clock = .system,
        jitter: @escaping @Sendable () -> Double = { .random(in: -Backoff.jitter...Backoff.jitter) }
    ) {
        self.store = store
        self.configuration = configuration
        bootClock = clock
        self.realTime = realTime
        self.jitter = jitter
    }

    /// The wake files, where the configuration has a place for them.
    package var wakeFiles: WakeFiles? { configuration.wakeDirectory.map(WakeFiles.init(directory:)) }

    /// The real clock's time, by which jobs are put off.
    package func now() -> Timestamp { realTime.now() }

    /// Runs `body` in one immediate transaction, with errors that name what was attempted.
    func write<Value>(_ what: String, _ body: (StoreTransaction) throws -> Value) throws -> Value {
        try store.write { try telling(what, $0, body) }
    }

    func read<Value>(_ what: String, _ body: (StoreTransaction) throws -> Value) throws -> Value {
        try store.read { try telling(what, $0, body) }
    }

    private func telling<Value>(
        _ what: String, _ transaction: StoreTransaction, _ body: (StoreTransaction) throws -> Value
    ) throws -> Value {
        do {
            return try body(transaction)
        } catch let error as DatabaseError {
            throw StoreError(error, attempting: what)
        }
    }

    /// The job of this id; throws `.notFound`.
    func find(_ id: JobID, in transaction: StoreTransaction) throws -> Job {
        let row = try Row.fetchOne(
            transaction.database, sql: "SELECT * FROM jobs WHERE id = :id", arguments: ["id": id.rawValue])
        guard let row else {
            throw JobQueueError(.notFound, "there is no job \(id); `millrace jobs list` shows those there are")
        }
        return try Job(row)
    }

    /// Moves the job where `JobStatus` allows it, with what the move brings along, and returns it as it then is.
    /// `change` sets the other columns.
    @discardableResult
    func move(
        _ job: Job, _ move: JobMove, _ what: String, in transaction: StoreTransaction,
        _ change: (inout Job) -> Void = { _ in }
    ) throws -> Job {
        var moved = job
        let consequences: [JobConsequence]
        do throws(JobRefusal) {
            (moved.status, consequences) = try job.status.applying(move)
        } catch {
            throw JobQueueError(error, what, job)
        }
        if moved.status.lease == nil { moved.leasedUntil = nil }
        moved.finishedAt = moved.state.isFinal ? realTime.now() : nil
        change(&moved)
        moved.message = moved.message.cut(toCodePoints: Self.maximumTextLength)
        try moved.save(from: job, in: transaction)
        for consequence in consequences {
            switch consequence {
            case .wake: wakeAfterCommit(moved.kind, in: transaction)
            case .releaseFollowers: try releaseFollowers(of: moved, in: transaction)
            case .cancelFollowers: try cancelFollowers(of: moved, in: transaction)
            }
        }
        return moved
    }

    /// Makes the kind's wake file once the transaction is on the disk: whoever it wakes finds the job.
    func wakeAfterCommit(_ kind: JobKind, in transaction: StoreTransaction) {
        guard let wakeFiles else { return }
        transaction.database.afterNextTransaction { _ in wakeFiles.touch(kind) }
    }

    private func releaseFollowers(of job: Job, in transaction: StoreTransaction) throws {
        let now = realTime.now()
        for follower in try followers(of: job, in: transaction) where follower.runAt <= now {
            try move(follower, .promote(now: now, awaiting: job.state), "starting", in: transaction)
        }
    }

    private func cancelFollowers(of job: Job, in transaction: StoreTransaction) throws {
        let end = job.state == .cancelled ? "was cancelled" : "failed for good"
        for follower in try followers(of: job, in: transaction) {
            try move(follower, .cancel, "cancelling", in: transaction) {
                $0.message = "\(job.id) (\(job.kind) \(job.slot)), which it waited for, \(end): \(job.message)"
            }
        }
    }

    private func followers(of job: Job, in transaction: StoreTransaction) throws -> [Job] {
        try Row.fetchAll(transaction.database, sql: JobSQL.following, arguments: ["id": job.id.rawValue])
            .map(Job.init)
    }
}
