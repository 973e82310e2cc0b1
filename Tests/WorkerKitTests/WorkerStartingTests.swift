import EventModel
import JobQueue
import Synchronization
import TestKit
import Testing

@testable import WorkerKit

@Suite struct WorkerStartingTests {
    @Test func `a timer's start queues the planned slot once`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory, now: WorkerSite.start + .seconds(30))
            let first = try await site.worker { _, _ in .done }.runScheduled()
            #expect(first.map(\.slot) == ["2025-01-01T12:00Z"])
            #expect(first.first?.askedBy == .timer)
            let second = try await site.worker { _, _ in .done }.runScheduled()
            #expect(second.isEmpty)
            #expect(site.lines.all.last?.contains("millrace jobs run aggregate") == true)
        }
    }

    @Test func `a timer's start makes up what was missed, the oldest first`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let before = WorkerSite.start - .seconds(3 * 43_200)
            try site.queue.enqueue(.aggregate, slot: .planned(before), askedBy: .timer)
            let done = try await site.worker { _, _ in .done }.runScheduled()
            #expect(
                done.map(\.slot) == [
                    "2024-12-31T00:00Z", "2024-12-31T12:00Z", "2025-01-01T00:00Z", "2025-01-01T12:00Z",
                ])
        }
    }

    @Test func `a kind without a schedule only drains`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let handler = ClosureHandler(kind: .advise, schedule: nil) { _, _ in .done }
            #expect(try await site.worker(handler).runScheduled().isEmpty)
            let job = try site.enqueue(.advise)
            #expect(try await site.worker(handler).runScheduled().map(\.id) == [job.id])
        }
    }

    @Test func `started by hand it always has a job of its own`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try await site.worker { _, _ in .done }.runScheduled()
            let done = try await site.worker { _, _ in .done }.runByHand(payload: #"{"a":1}"#)
            #expect(done.count == 1)
            #expect(done.first?.slot.hasPrefix("manual:job_") == true)
            #expect(done.first?.payload == #"{"a":1}"# && done.first?.askedBy == .cli)
        }
    }

    @Test func `started by hand in a slot that is taken, it says so and runs nothing twice`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let slot = Slot.planned(WorkerSite.start)
            #expect(try await site.worker { _, _ in .done }.runByHand(slot: slot).count == 1)
            #expect(try await site.worker { _, _ in .done }.runByHand(slot: slot).isEmpty)
            #expect(site.lines.all.last?.contains("has a job already") == true)
        }
    }

    @Test func `started by hand it waits while its own job is put off`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let runs = Mutex(0)
            let done = try await site.worker { _, context in
                let run = runs.withLock { runs in
                    runs += 1
                    return runs
                }
                return run < 4 ? .snooze(until: context.clock.now(), why: "not yet") : .done
            }.runByHand()
            #expect(done.map(\.state) == [.snoozed, .snoozed, .snoozed, .completed])
        }
    }

    @Test func `asked to stop while it waits for its own job, it ends at once`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let worker = site.worker { _, context in
                .snooze(until: context.clock.now() + .seconds(59), why: "not yet")
            }
            async let done = worker.runByHand()
            while try site.queue.list(state: .snoozed).isEmpty { await Task.yield() }
            let asked = ContinuousClock.now
            site.context.stop.ask()
            #expect(try await done.map(\.state) == [.snoozed])
            // Waiting for the job would take until its time, nearly a minute; a busy machine is far from that.
            #expect(ContinuousClock.now - asked < .seconds(50))
        }
    }

    @Test func `one job by its id runs where it is available, and is refused where not`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let first = try site.enqueue()
            let second = try site.enqueue()
            let worker = site.worker { _, _ in .done }
            #expect(try await worker.once(second.id).state == .completed)
            #expect(try site.queue.job(first.id)?.state == .available)
            let refused = await #expect(throws: JobQueueError.self) { try await worker.once(second.id) }
            #expect(refused?.code == .refusedMove)
            let missing = await #expect(throws: JobQueueError.self) { try await worker.once(JobID.random()) }
            #expect(missing?.code == .notFound)
        }
    }

    @Test func `a dry run computes and keeps nothing`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let outcome = try await site.worker { job, context in
                context.progress("begins")
                context.progress(0.5, "half")
                context.count(events: 1)
                try context.whileHolding { _ = try $0.createProject(name: "kept") }
                return .completed(result: "{\"slot\":\"\(job.slot)\"}") { _ = try $0.createProject(name: "kept") }
            }.trial(slot: .planned(WorkerSite.start), payload: "{}")
            guard case .completed(let result, _) = outcome else {
                Issue.record("the handler completed")
                return
            }
            #expect(result == #"{"slot":"2025-01-01T12:00Z"}"#)
            #expect(try site.queue.list().isEmpty)
            #expect(try site.context.store.read { try $0.projects() }.isEmpty)
        }
    }
}
