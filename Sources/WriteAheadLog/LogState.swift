/// What the log's thread and those who append share: which numbers are handed out, what waits for the disk, and
/// whether more is taken. Decides; does nothing itself.
struct LogState {
    enum Condition {
        case open
        /// Nothing more is taken until there is room, or until a new segment could be made.
        case refusing(LogError)
        case closed
    }

    let configuration: LogConfiguration
    var condition: Condition
    private(set) var pending: PendingGroups
    /// What the thread is writing.
    private(set) var bytesInFlight = 0
    private(set) var nextSequence: UInt64
    /// The last record that is on the disk.
    private(set) var durableSequence: UInt64
    /// No number up to here is open any more: each is durable or refused.
    private(set) var settledSequence: UInt64
    var isClosing = false
    var subscribers: [@Sendable (LogProgress) -> Void] = []

    init(configuration: LogConfiguration, nextSequence: UInt64, durableSequence: UInt64) {
        self.configuration = configuration
        self.nextSequence = nextSequence
        self.durableSequence = durableSequence
        settledSequence = nextSequence - 1
        pending = PendingGroups(maxGroupBytes: configuration.maxGroupBytes)
        condition = .refusing(LogError(.failed, "the log has no segment yet"))
    }

    /// The last record that was taken and not refused.
    var lastSequence: UInt64 { nextSequence - 1 > settledSequence ? nextSequence - 1 : durableSequence }

    mutating func take(_ batch: RecordBatch) throws(LogError) -> ClosedRange<UInt64> {
        switch condition {
        case .open: break
        case .refusing(let error): throw error
        case .closed: throw LogError(.closed, "the log was closed")
        }
        guard !isClosing else { throw LogError(.closed, "the log is being closed") }
        let waiting = pending.byteCount + bytesInFlight
        guard waiting == 0 || waiting + batch.byteCount <= configuration.maxPendingBytes,
            nextSequence + UInt64(batch.count) - 1 - settledSequence <= LogConfiguration.maxPendingRecords
        else {
            throw LogError(.pendingLimit, "\(waiting) bytes wait for the log's disk already; try again in a moment")
        }
        let first = nextSequence
        nextSequence += UInt64(batch.count)
        pending.append(batch, firstSequence: first)
        return first...(nextSequence - 1)
    }

    /// Hands over what waits, for an empty buffer in its place; nil where nothing waits.
    mutating func takePending(for spare: PendingGroups) -> PendingGroups? {
        guard !pending.isEmpty else { return nil }
        let full = pending
        pending = spare
        bytesInFlight = full.byteCount
        return full
    }

    mutating func wrote() { bytesInFlight = 0 }

    mutating func settle(durableThrough sequence: UInt64) {
        durableSequence = sequence
        settledSequence = sequence
    }

    /// Refuses all that is open, and whatever comes, because of the error. Returns the refused numbers.
    mutating func refuse(_ error: LogError) -> ClosedRange<UInt64>? {
        condition = .refusing(error)
        pending.removeAll()
        guard nextSequence - 1 > settledSequence else { return nil }
        let refused = (settledSequence + 1)...(nextSequence - 1)
        settledSequence = nextSequence - 1
        return refused
    }

    /// Goes on in a new segment.
    mutating func open(at sequence: UInt64) {
        nextSequence = sequence
        settledSequence = sequence - 1
        condition = .open
    }
}
