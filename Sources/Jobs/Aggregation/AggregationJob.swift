import EventModel
import JobQueue

/// One aggregation, from its slot to its records.
struct AggregationJob {
    /// Slots are at 00:00 and 12:00 UTC; each one missed is made up.
    static let schedule = Schedule.every(hours: 12, catchUp: .every)

    let aggregator: Aggregator

    /// Blocks. `progress` is told the share done and what is next, and ends the run by throwing.
    func run(_ job: Job, progress: (Double, String) throws -> Void) throws -> AggregatedRecords {
        let now = aggregator.clock.now()
        return try aggregator.records(
            at: job.plannedAt ?? now, writesLive: Self.isCurrent(job.plannedAt, at: now), project: job.projectID,
            progress: progress)
    }

    /// True for a request, and for a slot after which none has come yet: a slot that was missed says nothing of now.
    static func isCurrent(_ plannedAt: Timestamp?, at now: Timestamp) -> Bool {
        plannedAt.map { $0 >= schedule.newestSlot(at: now) } ?? true
    }
}
