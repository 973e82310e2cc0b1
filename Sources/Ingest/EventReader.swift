import EventModel
import WriteAheadLog

/// Reads beacons, checks them by the rules of one event, and writes the enriched record of each good one into a batch.
/// One reader serves one event loop; its buffers are reused.
struct EventReader: ~Copyable {
    /// What became of one event.
    enum Result: Equatable {
        case accepted
        case bot
        case duplicate
        case refused(Refusal)
    }

    var scan = EventScan()
    /// Texts with their escapes resolved, one at a time.
    var scratch: [UInt8] = []
    let plainRules = PlainRules.shared
    var random = RandomPool()
    /// What one event may be, however it comes.
    let eventBytes: Int
    /// Whether the id was durable a short while ago.
    let isRecent: (RecentIDs.Entry) -> Bool
    /// Ids of the batch being read, for the memory of recent ones once they are durable.
    private(set) var batchIDs: [RecentIDs.Entry] = []

    init(
        eventBytes: Int = IngestOptions.Bounds().eventBodyBytes, isRecent: @escaping (RecentIDs.Entry) -> Bool
    ) {
        self.eventBytes = eventBytes
        self.isRecent = isRecent
    }

    mutating func startBatch() { batchIDs.removeAll(keepingCapacity: true) }

    /// Reads the scanner's next value as an event; one that stands `alone` has nothing behind it. Throws only where
    /// the bytes are not JSON.
    mutating func read(
        _ scanner: inout JSONScanner, _ context: inout EventContext, alone: Bool = false, into batch: inout RecordBatch
    ) throws(JSONScanError) -> Result {
        let start = scanner.offset
        try scan.read(&scanner)
        if scanner.offset - start > eventBytes { refuseLong(from: start, scanner) }
        if alone { try scanner.finish() }
        if let refusal = scan.refusal { return .refused(refusal) }
        let scanner = scanner
        let checked: CheckedEvent
        do throws(Refusal) { checked = try check(scanner, &context) } catch { return .refused(error) }
        if let left = context.allowance {
            guard left > 0 else { return .refused(Refusal(.limited, "over the rate limit; try again later")) }
            context.allowance = left - 1
        }
        if checked.hasOwnID {
            let entry = RecentIDs.Entry(id: checked.id, project: context.key.projectMark)
            if isRecent(entry) || isRepeated(entry) { return .duplicate }
            batchIDs.append(entry)
        }
        batch.append(atMost: largestRecord(from: start, to: scanner, &context)) { memory in
            write(checked, scanner, &context, to: memory)
        }
        return context.sender.isBot ? .bot : .accepted
    }

    /// Refuses the event just scanned where it is too long without the space before it.
    private mutating func refuseLong(from start: Int, _ scanner: JSONScanner) {
        let first = scanner.bytes[start..<scanner.offset].firstIndex { $0 > 0x20 } ?? start
        guard scanner.offset - first > eventBytes else { return }
        scan.refuse(Refusal(.tooLong, byte: first, "the event is longer than \(eventBytes) bytes"))
    }

    /// Whether the batch being read holds the id already. Looked for one by one in small batches only: in large ones
    /// the loader finds it.
    private func isRepeated(_ entry: RecentIDs.Entry) -> Bool {
        batchIDs.count <= 128 && batchIDs.contains(entry)
    }
}

/// What the check of an event computed; its texts are still where the scan found them.
struct CheckedEvent {
    var id: EventID
    /// The sender named it, so that it may come again.
    var hasOwnID: Bool
    var timestamp: Timestamp
    var isPrivate: Bool
    var hesitationMilliseconds: Int64?
    var scrollPercentage: Double?
    var funnelOrder: Int64?
}
