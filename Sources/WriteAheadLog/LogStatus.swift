import EventModel

/// What a log directory holds.
package struct LogStatus: Sendable, Equatable {
    package struct Segment: Sendable, Equatable {
        /// The file's name.
        package let name: String
        package let firstSequence: UInt64
        /// Nil where the segment holds no record.
        package let lastSequence: UInt64?
        /// The file's size, and what it occupies on the disk.
        package let bytes: Int
        package let occupiedBytes: Int
        package let createdAt: Timestamp
        /// When the next segment was begun; nil for the newest.
        package let sealedAt: Timestamp?
    }

    package let logID: LogID
    package let segments: [Segment]
    /// The first record that can still be read, nil where there is none.
    package let firstSequence: UInt64?
    /// The last record ever written, 0 for none; of a log that is being written, the last that can be read.
    package let lastSequence: UInt64
    /// What the log itself knows of what is on the disk; a running writer may know more.
    package let durableSequence: UInt64
    /// When the last group was written, nil where there is none in the newest segments.
    package let lastWrittenAt: Timestamp?

    package var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    package var occupiedBytes: Int { segments.reduce(0) { $0 + $1.occupiedBytes } }
}

/// What reading every byte of a log showed.
package struct LogVerification: Sendable, Equatable {
    package var segments = 0
    package var groups = 0
    package var records: UInt64 = 0
    package var firstSequence: UInt64?
    package var lastSequence: UInt64 = 0
    package var losses: [LogLoss] = []

    package var lostRecords: UInt64 { losses.reduce(0) { $0 + $1.count } }
    package var isSound: Bool { losses.isEmpty }
}

/// A segment that was removed.
package struct RemovedSegment: Sendable, Equatable {
    package let name: String
    package let bytes: Int
}
