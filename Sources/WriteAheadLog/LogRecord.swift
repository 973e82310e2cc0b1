/// One record of the log.
package struct LogRecord: Sendable, Equatable {
    package let sequence: UInt64
    package let bytes: [UInt8]
}

/// Records that were on the disk once and can no longer be read.
package struct LogLoss: Sendable, Equatable, CustomStringConvertible {
    /// The numbers of the lost records.
    package let sequences: ClosedRange<UInt64>
    /// The segment's file name, and from where on in it nothing could be read.
    package let segment: String
    package let offset: Int
    /// Not every number needs to have been a record's: some may only have been reserved. So it is where a whole
    /// segment is gone, or where only the disk could tell how many there were.
    package let isUpperBound: Bool

    init(sequences: ClosedRange<UInt64>, segment: String, offset: Int, isUpperBound: Bool = false) {
        self.sequences = sequences
        self.segment = segment
        self.offset = offset
        self.isUpperBound = isUpperBound
    }

    /// What a cursor could not read. Beyond what the segment had reserved it is another segment that is gone.
    init(_ sequences: ClosedRange<UInt64>, in cursor: SegmentCursor, offset: Int) {
        self.init(
            sequences: sequences, segment: cursor.file.name.description, offset: offset,
            isUpperBound: sequences.upperBound > cursor.header.reservedThrough)
    }

    package var count: UInt64 { sequences.upperBound - sequences.lowerBound + 1 }

    package var description: String {
        let what =
            isUpperBound
            ? "up to \(count) records, numbered \(sequences.lowerBound) to \(sequences.upperBound), are lost"
            : "records \(sequences.lowerBound) to \(sequences.upperBound) are lost"
        return "\(what): \(segment) is damaged or gone from byte \(offset) on"
    }
}
