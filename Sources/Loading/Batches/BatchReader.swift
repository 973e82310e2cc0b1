import WriteAheadLog

/// Cuts the log into batches.
struct BatchReader {
    /// Records asked for at a time, so that a batch's size in bytes is looked at in between.
    private static let slice = 4_096

    private var reader: LogReader
    private let maxEvents: Int
    private let maxBytes: Int
    private var lossesSeen = 0
    private(set) var batch: EventBatch
    /// What the log lost since the last `takeLosses`.
    private var newLosses: [LogLoss] = []

    init(directory: String, after sequence: UInt64, configuration: LoaderConfiguration) throws(LogError) {
        reader = try LogReader(directory: directory, after: sequence)
        maxEvents = configuration.maxBatchEvents
        maxBytes = configuration.maxBatchBytes
        batch = EventBatch(after: sequence)
    }

    var logID: String { reader.logID.hex }

    /// True where the batch takes no more.
    var isFull: Bool { batch.events.count + batch.broken.count >= maxEvents || batch.bytes >= maxBytes }

    /// Reads on until the batch is full or the log ends; true where it ended, for now.
    mutating func fill() throws(LogError) -> Bool {
        var atEnd = false
        while !isFull, !atEnd {
            let room = min(Self.slice, maxEvents - batch.events.count - batch.broken.count)
            var taken = batch
            batch = EventBatch(after: taken.from)
            defer { batch = taken }
            atEnd = try reader.read(limit: room) { taken.add($0, $1) } < room
            taken.through = max(taken.through, reader.position)
            for loss in reader.losses[lossesSeen...] {
                taken.damaged += Int(clamping: loss.count)
                newLosses.append(loss)
            }
            lossesSeen = reader.losses.count
        }
        return atEnd
    }

    /// The losses that came to light since this was asked last.
    mutating func takeLosses() -> [LogLoss] {
        defer { newLosses = [] }
        return newLosses
    }

    /// Starts the next batch behind the one that was loaded.
    mutating func startNext() { batch = EventBatch(after: batch.through) }

    /// Returns when all that was read is on the disk.
    mutating func sync() throws(LogError) { try reader.sync() }
}
