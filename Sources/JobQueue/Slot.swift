import EventModel

/// What makes a job unique within its kind and project.
package enum Slot: Sendable, Equatable {
    /// A time of the kind's schedule, to the minute: all who ask for it make one job.
    case planned(Timestamp)
    /// A request of its own: each makes a job.
    case request
    /// The slot of a request that was made already, as its text.
    case named(String)

    /// Reads `2025-01-01T12:00Z` (any ISO 8601; seconds are cut) or `manual:…`; nil for any other text.
    package init?(text: String) {
        if let time = Timestamp(text) {
            self = .planned(Self.minute(of: time))
        } else if text.hasPrefix("manual:"), (8...64).contains(text.utf8.count) {
            self = .named(text)
        } else {
            return nil
        }
    }

    package var plannedAt: Timestamp? {
        if case .planned(let time) = self { Self.minute(of: time) } else { nil }
    }

    /// The text that stands in `jobs.slot` for the job of this id.
    package func text(for job: JobID) -> String {
        switch self {
        case .planned(let time): String(time.description.prefix(16)) + "Z"
        case .request: "manual:\(job)"
        case .named(let text): text
        }
    }

    private static func minute(of time: Timestamp) -> Timestamp {
        let rest = ((time.milliseconds % 60_000) + 60_000) % 60_000
        return Timestamp(milliseconds: time.milliseconds - rest)
    }
}
