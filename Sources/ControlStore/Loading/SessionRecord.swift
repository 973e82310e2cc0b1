import EventModel

/// An event's place among others: by its own time, and between equal times by its number in the log.
package struct EventPosition: Hashable, Comparable, Sendable {
    package var time: Timestamp
    package var sequence: UInt64

    package init(time: Timestamp, sequence: UInt64) {
        self.time = time
        self.sequence = sequence
    }

    package static func < (left: EventPosition, right: EventPosition) -> Bool {
        left.time == right.time ? left.sequence < right.sequence : left.time < right.time
    }
}

/// One row of `user_sessions`, or what a set of a session's events says about it: two of them for different events
/// of the same session merge into one, in any order and however the events were split.
package struct SessionRecord: Sendable, Equatable {
    /// A text of the session with the event it comes from: the earliest one that has it.
    package struct Fact: Sendable, Equatable {
        package var value: String
        package var position: EventPosition

        package init(value: String, position: EventPosition) {
            self.value = value
            self.position = position
        }
    }

    /// How the latest event ended the session, or the timeout after it.
    package struct Exit: Sendable, Equatable {
        package var page: String
        package var reason: Event.Exit.Reason

        package init(page: String, reason: Event.Exit.Reason) {
            self.page = page
            self.reason = reason
        }
    }

    package var sessionID: String
    /// The earliest event; its time is `created_at`.
    package var first: EventPosition
    package var last: EventPosition
    /// The latest event's page.
    package var lastPageURL: String
    /// Nil while the latest event is no exit and the session has not timed out.
    package var exit: Exit?
    package var pageViews: Int64
    /// True where the events named no session.
    package var isMadeByLoader = false
    package var hasFunnelSteps = false
    package var userID: Fact?
    package var userAgent: Fact?
    package var referrer: Fact?
    /// Nil where no event has a URL.
    package var landingPage: Fact?
    package var deviceType: Fact?
    package var screenResolution: Fact?
    package var language: Fact?
    package var countryCode: Fact?

    package init(sessionID: String, at position: EventPosition, pageURL: String, pageViews: Int64) {
        self.sessionID = sessionID
        first = position
        last = position
        lastPageURL = pageURL
        self.pageViews = pageViews
    }

    /// Whole seconds from the first event to the exit; nil while there is none.
    package var durationSeconds: Int64? {
        exit == nil ? nil : (last.time.milliseconds - first.time.milliseconds) / 1_000
    }

    /// Takes in what other events of the same session say.
    package mutating func merge(_ other: SessionRecord) {
        first = min(first, other.first)
        if last < other.last {
            last = other.last
            lastPageURL = other.lastPageURL
            exit = other.exit
        }
        pageViews += other.pageViews
        hasFunnelSteps = hasFunnelSteps || other.hasFunnelSteps
        Self.merge(&userID, other.userID)
        Self.merge(&userAgent, other.userAgent)
        Self.merge(&referrer, other.referrer)
        Self.merge(&landingPage, other.landingPage)
        Self.merge(&deviceType, other.deviceType)
        Self.merge(&screenResolution, other.screenResolution)
        Self.merge(&language, other.language)
        Self.merge(&countryCode, other.countryCode)
    }

    private static func merge(_ fact: inout Fact?, _ other: Fact?) {
        guard let other else { return }
        guard let mine = fact, mine.position < other.position else {
            fact = other
            return
        }
    }
}
