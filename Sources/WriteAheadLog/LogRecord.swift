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

    package var count: UInt64 { sequences.upperBound - sequences.lowerBound + 1 }

    package var description: String {
        "records \(sequences.lowerBound) to \(sequences.upperBound) are lost: \(segment) is damaged or gone "
            + "from byte \(offset) on"
    }
}
