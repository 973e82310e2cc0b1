import EventModel
import Warehouse

/// Records of the log that are loaded together: in one transaction, or not at all.
struct EventBatch {
    /// A record that cannot be read, as it stood in the log.
    struct BrokenRecord {
        let sequence: UInt64
        let bytes: [UInt8]
        let reason: String
    }

    /// The checkpoint before the batch, and after it.
    let from: UInt64
    var through: UInt64
    /// In the order of the log; without a session yet.
    var events: [StoredEvent] = []
    var broken: [BrokenRecord] = []
    /// Records that the log has lost.
    var damaged = 0
    /// Size of the records read.
    var bytes = 0

    init(after from: UInt64) {
        self.from = from
        through = from
    }

    /// True where nothing would be committed.
    var isEmpty: Bool { through == from }

    /// Takes one record in.
    mutating func add(_ sequence: UInt64, _ record: UnsafeRawBufferPointer) {
        bytes += record.count
        do {
            let event = try Event(record: record)
            events.append(StoredEvent(event: event, sequence: sequence, sessionID: nil, sessionStartedAt: nil))
        } catch {
            broken.append(BrokenRecord(sequence: sequence, bytes: Array(record), reason: error.description))
        }
    }
}
