import CSQLite
import EventModel
import FoundationEssentials
import GRDB
import Glibc

/// The control database: everything small or mutable, in one SQLite file that all programs share.
///
/// SQLite WAL mode with `synchronous = FULL`: what a transaction wrote is on the disk when it returns. No connection
/// checkpoints by itself, and none at its close: SQLite up to 3.51.2 can corrupt the database when one connection
/// checkpoints while the commit of another resets its WAL, so one owner does it by `checkpoint()`. Calls block; on a
/// program's hot path they belong on a thread of their own.
package final class ControlStore: Sendable {
    /// How long a transaction waits for another's write lock.
    package static let busyTimeoutSeconds = 10.0
    /// Connections that may read at the same time.
    static let maximumReaders = 4

    package let path: String
    package let clock: Clock
    private let pool: DatabasePool

    private init(path: String, clock: Clock, pool: DatabasePool) {
        self.path = path
        self.clock = clock
        self.pool = pool
    }

    /// Opens an existing database whose schema is the one these programs know.
    ///
    /// Throws `.missing` where there is no file, `.otherVersion` where another version wrote it.
    package static func open(path: String, clock: Clock = .system) throws(StoreError) -> ControlStore {
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreError(
                .missing, "there is no control database at \(path); create it with `millrace up` or `millrace migrate`")
        }
        let store = try connect(path: path, clock: clock)
        do {
            try store.pool.read { database in try Migrations.check(database, path: path) }
        } catch {
            throw StoreError(error, attempting: "opening \(path)")
        }
        return store
    }

    /// Creates the database where there is none, and brings an older schema up to date. Only the operator's tool
    /// does this.
    package static func migrate(path: String, clock: Clock = .system) throws(StoreError) -> ControlStore {
        makeFile(path)
        let store = try connect(path: path, clock: clock)
        do {
            try Migrations.run(on: store.pool, path: path)
        } catch {
            throw StoreError(error, attempting: "migrating \(path)")
        }
        return store
    }

    /// Runs `body` on a consistent snapshot; it sees no write made after it began. SQLite's errors come as
    /// `StoreError`.
    package func read<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value {
        try telling("reading \(path)") {
            try pool.read { database in try body(StoreTransaction(database: database, now: clock.now())) }
        }
    }

    /// Runs `body` in one immediate transaction: all of it is on the disk when this returns, and nothing of it where
    /// `body` throws. SQLite's errors come as `StoreError`.
    package func write<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value {
        try telling("writing \(path)") {
            try pool.writeWithoutTransaction { database in
                var result: Value?
                try database.inTransaction(.immediate) {
                    result = try body(StoreTransaction(database: database, now: clock.now()))
                    return .commit
                }
                guard let result else { throw StoreError(.failed, "a transaction on \(path) ended without a result") }
                return result
            }
        }
    }

    /// Runs `body`; an error of SQLite leaves it as one of this room, with its code and what to do.
    private func telling<Value>(_ what: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StoreError(error, attempting: what)
        }
    }

    /// Moves SQLite's WAL into the database file, holding the write lock. The loader does this, and where none runs
    /// the tool; nobody else.
    package func checkpoint() throws(StoreError) {
        do {
            try pool.writeWithoutTransaction { database in
                let code = millrace_sqlite_checkpoint_truncate(UnsafeMutableRawPointer(database.sqliteConnection))
                // Readers in the way are no failure: the rest is moved the next time.
                guard code == ResultCode.SQLITE_OK.rawValue || code == ResultCode.SQLITE_BUSY.rawValue else {
                    throw DatabaseError(resultCode: ResultCode(rawValue: code))
                }
            }
        } catch {
            throw StoreError(error, attempting: "checkpointing \(path)")
        }
    }

    /// Closes every connection; a later call of the store fails.
    package func close() throws(StoreError) {
        do { try pool.close() } catch { throw StoreError(error, attempting: "closing \(path)") }
    }

    /// SQLite says of a file that may not be opened no more than that it cannot be.
    private static func isDenied(_ path: String) -> Bool {
        access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0 && (errno == EACCES || errno == EROFS)
    }

    /// Makes an empty file that the owner alone may read, where there is none: SQLite would give it the mode that the
    /// umask leaves, and gives that of the database to what it lays beside it. SQLite says why where none can be made.
    private static func makeFile(_ path: String) {
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if file >= 0 { Glibc.close(file) }
    }

    private static func connect(path: String, clock: Clock) throws(StoreError) -> ControlStore {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.maximumReaderCount = maximumReaders
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            _ = millrace_sqlite_no_checkpoint_on_close(UnsafeMutableRawPointer(database.sqliteConnection))
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // GRDB sets NORMAL when it turns the writer to WAL mode, which is after `prepareDatabase`.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            return ControlStore(path: path, clock: clock, pool: pool)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN && isDenied(path) {
            throw StoreError(
                .notPermitted, "opening \(path) was not permitted; check who owns it, and its mode", underlying: error)
        } catch {
            throw StoreError(error, attempting: "opening \(path)")
        }
    }
}

/// One transaction on the control database, handed to `ControlStore.read` and `write`.
///
/// Rooms that don't import GRDB pass it on to operations of those that do; it must not outlive the closure.
package struct StoreTransaction {
    package let database: Database
    /// The time at which the transaction began, by the store's clock.
    package let now: Timestamp

    package init(database: Database, now: Timestamp) {
        self.database = database
        self.now = now
    }
}
