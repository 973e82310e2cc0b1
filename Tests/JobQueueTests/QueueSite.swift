import ControlStore
import EventModel
import JobQueue
import TestKit

/// A job table of its own with clocks that move only when told to.
struct QueueSite {
    static let start = Timestamp(milliseconds: 1_735_732_800_000)  // 2025-01-01T12:00:00Z

    let store: ControlStore
    let queue: JobQueue
    let realTime = ManualClock(QueueSite.start)
    let bootTime = ManualBootClock()
    let wake: WakeFiles

    init(_ directory: String, maxAttempts: Int = 5) throws {
        store = try TestDatabase.make(in: directory)
        wake = WakeFiles(directory: directory + "/wake")
        queue = JobQueue(
            store: store,
            configuration: JobQueueConfiguration(maxAttempts: maxAttempts, wakeDirectory: wake.directory),
            clock: bootTime.clock, realTime: realTime.clock, jitter: { 0 })
    }

    /// The same table as the programs of the next boot see it.
    func afterReboot() -> JobQueue {
        JobQueue(
            store: store, configuration: queue.configuration,
            clock: ManualBootClock(bootID: "boot-2", at: .seconds(5)).clock, realTime: realTime.clock)
    }

    func enqueue(_ kind: JobKind = .aggregate, after: JobID? = nil) throws -> Job {
        try queue.enqueue(kind, askedBy: .cli, after: after).job
    }

    func state(_ id: JobID) throws -> JobState? { try queue.job(id)?.state }
}
