import EventModel

/// When jobs of a kind are planned: at even distances in UTC.
package struct Schedule: Sendable, Equatable {
    /// What becomes of slots that passed while nobody queued them.
    package enum CatchUp: Sendable, Equatable {
        /// Each is made up, the oldest first.
        case every
        /// The newest alone runs.
        case once
    }

    /// The most slots made up at one time; of more, the oldest are let go.
    package static let maximumMissed = 60

    /// From one slot to the next, and of the first slot of a UTC day from midnight, in milliseconds.
    private let period: Int64
    private let offset: Int64
    private let catchUp: CatchUp

    /// Every so many hours, counted from midnight UTC; `hours` divides 24.
    package static func every(hours: Int, catchUp: CatchUp = .once) -> Schedule {
        precondition(hours > 0 && 24 % hours == 0, "a schedule's hours divide the day")
        return Schedule(period: Int64(hours) * 3_600_000, offset: 0, catchUp: catchUp)
    }

    /// Every day at this time of UTC.
    package static func daily(hour: Int, minute: Int, catchUp: CatchUp = .once) -> Schedule {
        precondition((0..<24).contains(hour) && (0..<60).contains(minute), "a time of the day")
        return Schedule(period: Day.milliseconds, offset: Int64(hour * 60 + minute) * 60_000, catchUp: catchUp)
    }

    /// The newest slot at or before `now`.
    package func newestSlot(at now: Timestamp) -> Timestamp {
        let since = now.milliseconds - offset
        let whole = since / period - (since % period < 0 ? 1 : 0)
        return Timestamp(milliseconds: whole * period + offset)
    }

    /// The first slot after `time`.
    package func nextSlot(after time: Timestamp) -> Timestamp {
        Timestamp(milliseconds: newestSlot(at: time).milliseconds + period)
    }

    /// The slots to queue now, the oldest first: the planned one, which is the newest that has passed, and before it
    /// those missed since `newestQueued`. Empty where the planned one was queued already. With nil, nothing was
    /// ever queued, and nothing missed. Where the clock was set back behind `newestQueued`, the planned one is asked
    /// for again: its slot is unique.
    package func slotsDue(after newestQueued: Timestamp?, at now: Timestamp) -> [Timestamp] {
        let planned = newestSlot(at: now)
        guard let newestQueued, newestQueued < planned, catchUp == .every else {
            return newestQueued == planned ? [] : [planned]
        }
        let oldest = max(
            nextSlot(after: newestQueued).milliseconds,
            planned.milliseconds - Int64(Self.maximumMissed) * period)
        return stride(from: oldest, through: planned.milliseconds, by: Int64.Stride(period))
            .map { Timestamp(milliseconds: $0) }
    }
}
