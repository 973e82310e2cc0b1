import WriteAheadLog

/// What the daemon needs of the write-ahead log.
package protocol DurableLog: Sendable {
    /// Numbers the records and hands them on to the disk; they are durable only when `subscribe` says so.
    func append(_ batch: RecordBatch) throws(LogError) -> ClosedRange<UInt64>
    /// `progress` is called once a sync, on a thread of the log's.
    func subscribe(_ progress: @escaping @Sendable (LogProgress) -> Void)
    var lastSequence: UInt64 { get }
    var durableSequence: UInt64 { get }
    /// Why it takes nothing at present; nil while it does.
    var refusal: LogError? { get }
    func close()
}

extension LogWriter: DurableLog {}
