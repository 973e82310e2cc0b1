import EventModel
import Glibc
import Synchronization

/// Appends records to a log and says when they are on the disk.
///
/// Any thread may append; a thread of the log's own writes and syncs. There is one writer to a log.
package final class LogWriter: Sendable {
    package let logID: LogID
    /// What was found when the log was opened.
    package let recovery: LogRecovery
    private let monitor: Monitor<LogState>
    private let thread: Mutex<pthread_t?>

    /// Opens the log, or begins one, and repairs what its last writer left behind. Ends with `.locked` where another
    /// process writes it.
    package static func open(
        _ configuration: LogConfiguration, clock: Clock = .system, files: any LogFiles = SystemLogFiles()
    ) throws(LogError) -> LogWriter {
        // A limit on the size of files ends a process unless it says that it wants to be told.
        signal(SIGXFSZ, SIG_IGN)
        let lock = try DirectoryLock(configuration.directory)
        var recovery = SegmentRecovery(directory: configuration.directory, files: files)
        try recovery.inspect()
        let logID = recovery.logID ?? .random()
        let thread = LogThread(
            configuration: configuration, logID: logID, clock: clock, files: files, lock: lock, recovery: recovery)
        try thread.start()
        return try LogWriter(thread, logID: logID, recovery: recovery.result)
    }

    private init(_ logThread: LogThread, logID: LogID, recovery: LogRecovery) throws(LogError) {
        self.logID = logID
        self.recovery = recovery
        monitor = logThread.monitor
        let owner = Unmanaged.passRetained(logThread)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<LogThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, owner.toOpaque())
        guard result == 0 else {
            logThread.abandon()
            owner.release()
            throw LogError(errno: result, "cannot start the log's thread")
        }
        self.thread = Mutex(thread)
    }

    deinit { close() }

    /// Takes the batch's records and gives them their numbers. They are on the disk when `LogProgress` says so.
    package func append(_ batch: RecordBatch) throws(LogError) -> ClosedRange<UInt64> {
        guard batch.count > 0, batch.largestRecord <= LogFormat.maxRecordBytes else {
            throw LogError(
                .unacceptable,
                batch.count == 0
                    ? "a batch without records cannot be appended to the log"
                    : "a record of \(batch.largestRecord) bytes is too large for the log")
        }
        let range = try monitor.withLock { state throws(LogError) in try state.take(batch) }
        monitor.ring()
        return range
    }

    /// Has `progress` called on the log's thread, once per sync. It must be quick: nothing is written meanwhile.
    package func subscribe(_ progress: @escaping @Sendable (LogProgress) -> Void) {
        monitor.withLock { $0.subscribers.append(progress) }
    }

    /// The last record that was taken and not refused.
    package var lastSequence: UInt64 { monitor.withLock { $0.lastSequence } }

    /// The last record that is on the disk.
    package var durableSequence: UInt64 { monitor.withLock { $0.durableSequence } }

    /// Why the log takes nothing at present; nil while it does.
    package var refusal: LogError? {
        monitor.withLock { state in
            switch state.condition {
            case .open: nil
            case .refusing(let error): error
            case .closed: LogError(.closed, "the log was closed")
            }
        }
    }

    /// Writes what waits, syncs, and ends the thread. What is appended from here on is refused. Not to be called on
    /// the log's own thread.
    package func close() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        monitor.withLock { $0.isClosing = true }
        monitor.ring()
        pthread_join(running, nil)
    }
}
