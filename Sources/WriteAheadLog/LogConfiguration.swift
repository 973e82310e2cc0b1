/// How a log is written. Sizes are bytes.
package struct LogConfiguration: Sendable {
    /// Where the segments lie; made where it is missing.
    package var directory: String
    /// A segment is not made larger than this, except for the group that ends a closed log, and for a group that
    /// alone is larger and stands in a segment of its own.
    package var segmentBytes: Int
    /// With less than this free on the disk, the log takes nothing new.
    package var minFreeBytes: Int
    /// What may wait in memory for the disk.
    package var maxPendingBytes: Int
    /// The largest group, except for a single record that alone is larger: what one damaged place can cost.
    package var maxGroupBytes: Int

    package init(
        directory: String, segmentBytes: Int = 64 << 20, minFreeBytes: Int = 512 << 20,
        maxPendingBytes: Int = 64 << 20, maxGroupBytes: Int = 64 << 10
    ) {
        self.directory = directory
        self.segmentBytes = segmentBytes
        self.minFreeBytes = minFreeBytes
        self.maxPendingBytes = maxPendingBytes
        self.maxGroupBytes = maxGroupBytes
    }

    /// Who makes the next segment ready.
    enum Preparation: Sendable {
        /// A thread of its own.
        case background
        /// The log's thread, before it writes on: for tests that shall come out the same each time.
        case inline
        case none
    }

    var preparation = Preparation.background

    /// How many records may be handed a number without being durable.
    static let maxPendingRecords: UInt64 = 1 << 20

    /// How many records a segment may hold; reached only by records much smaller than events are.
    var maxSegmentRecords: UInt64 { max(1 << 20, UInt64(segmentBytes) / 64) }

    /// How many numbers a segment reserves, so that each start can begin past all of them.
    var reservedNumbers: UInt64 { maxSegmentRecords + Self.maxPendingRecords }
}

/// What became of records that were handed a number; told by whoever synced them, once per sync.
package enum LogProgress: Sendable, Equatable {
    /// All that were handed a number up to this one, and were not refused, are on the disk.
    case durable(through: UInt64)
    /// These were refused. They may or may not be read from the log later; their numbers are never used again.
    case failed(ClosedRange<UInt64>, LogError)
}
