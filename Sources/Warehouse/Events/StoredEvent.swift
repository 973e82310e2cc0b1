import EventModel

/// An event as the warehouse keeps it: the log record's event with its number and the session it was found to be in.
package struct StoredEvent: Sendable, Equatable {
    package var event: Event
    /// Of the log: unique, and it breaks ties between equal times.
    package var sequence: UInt64
    /// The session sent, or the one made for the visitor; this is what `session_id` holds.
    package var sessionID: String?
    package var sessionStartedAt: Timestamp?

    package init(event: Event, sequence: UInt64, sessionID: String?, sessionStartedAt: Timestamp?) {
        self.event = event
        self.sequence = sequence
        self.sessionID = sessionID
        self.sessionStartedAt = sessionStartedAt
    }
}

/// What the catalogue keeps of one file of events.
package struct EventFileFacts: Sendable, Equatable {
    package var rows: Int
    package var bytes: Int64
    package var firstSequence: UInt64
    package var lastSequence: UInt64
    package var minTimestamp: Timestamp
    package var maxTimestamp: Timestamp
    package var minReceivedAt: Timestamp
    package var maxReceivedAt: Timestamp

    package init(
        rows: Int, bytes: Int64, firstSequence: UInt64, lastSequence: UInt64, minTimestamp: Timestamp,
        maxTimestamp: Timestamp, minReceivedAt: Timestamp, maxReceivedAt: Timestamp
    ) {
        self.rows = rows
        self.bytes = bytes
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.minTimestamp = minTimestamp
        self.maxTimestamp = maxTimestamp
        self.minReceivedAt = minReceivedAt
        self.maxReceivedAt = maxReceivedAt
    }
}
