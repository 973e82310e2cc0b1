import ControlStore
import EventModel
import JobQueue
import Synchronization
import TestKit
import Testing

@testable import WorkerKit

@Suite struct WorkerTests {
    @Test func `a worker drains its kind, removes its wake file first, and ends`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let jobs = try (0..<3).map { _ in try site.enqueue().id }
            let other = try site.enqueue(.refresh)
            let done = try await site.worker { _, _ in .done }.drain()
            #expect(done.map(\.id) == jobs)
            #expect(done.allSatisfy { $0.state == .completed })
            #expect(try site.queue.job(other.id)?.state == .available)
            #expect(site.queue.wakeFiles?.remove(.aggregate) == false)
            #expect(site.queue.wakeFiles?.remove(.refresh) == true)
            #expect(try await site.worker { _, _ in .done }.drain().isEmpty)
        }
    }

    @Test func `a result is published with the completion`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let done = try await site.worker { job, _ in
                .completed(result: #"{"records":["\#(job.slot)"]}"#) { _ = try $0.createProject(name: "published") }
            }.drain()
            #expect(done.first?.result == #"{"records":["\#(done.first?.slot ?? "")"]}"#)
            #expect(try site.context.store.read { try $0.projects() }.map(\.name) == ["published"])
        }
    }

    @Test func `what a handler throws fails the attempt, and a service's delay is kept`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let done = try await site.worker { _, _ in throw ServiceUnavailable(retryAfter: .seconds(90)) }.drain()
            let job = try #require(done.first)
            #expect(job.state == .retryable && job.runAt == WorkerSite.start + .seconds(90))
            #expect(job.errors.map(\.error) == ["the service answered 503"])
        }
    }

    @Test func `a publication that fails fails the attempt and leaves nothing`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let done = try await site.worker { _, _ in
                .completed(result: "{}") { transaction in
                    _ = try transaction.createProject(name: "half")
                    throw ServiceUnavailable(retryAfter: nil)
                }
            }.drain()
            #expect(done.first?.state == .retryable)
            #expect(try site.context.store.read { try $0.projects() }.isEmpty)
        }
    }

    @Test func `a discarded job keeps its reason`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let done = try await site.worker { _, _ in .discard(reason: "the budget is spent") }.drain()
            #expect(done.first?.state == .discarded && done.first?.message == "the budget is spent")
        }
    }

    @Test func `a snooze is by the context's clock, and waits by the real one`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory, now: WorkerSite.start - .seconds(86_400 * 365))
            _ = try site.enqueue()
            let done = try await site.worker { _, context in
                .snooze(until: context.clock.now() + .seconds(5), why: "not loaded yet")
            }.drain()
            let job = try #require(done.first)
            #expect(job.state == .snoozed && job.attempt == 0 && job.message == "not loaded yet")
            #expect(job.runAt == WorkerSite.start + .seconds(5))
        }
    }

    @Test func `asked to stop between two jobs, it leaves the second`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let second = try site.enqueue()
            let done = try await site.worker { _, context in
                context.stop.ask()
                return .done
            }.drain()
            #expect(done.map(\.state) == [.completed])
            #expect(try site.queue.job(second.id)?.state == .available)
            #expect(try await site.worker { _, _ in .done }.drain().isEmpty)
        }
    }

    @Test func `asked to stop within a job, it puts the job off and uses no attempt`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let done = try await site.worker { _, context in
                context.stop.ask()
                try await Task.sleep(for: .seconds(600))
                return .done
            }.drain()
            let job = try #require(done.first)
            #expect(job.state == .snoozed && job.attempt == 0 && job.errors.isEmpty)
            #expect(job.runAt == WorkerSite.start)
        }
    }

    @Test func `a claim lost publishes nothing and is no error of the worker`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let done = try await site.worker { job, context in
                try context.queue.cancel(job.id)
                return .completed(result: "{}") { _ = try $0.createProject(name: "published") }
            }.drain()
            #expect(done.first?.state == .cancelled)
            #expect(try site.context.store.read { try $0.projects() }.isEmpty)
        }
    }

    @Test func `writes before the end hold only while the claim does`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            _ = try site.enqueue()
            let done = try await site.worker { job, context in
                try context.whileHolding { _ = try $0.createProject(name: "held") }
                try context.queue.cancel(job.id)
                try context.whileHolding { _ = try $0.createProject(name: "lost") }
                return .done
            }.drain()
            #expect(done.first?.state == .cancelled)
            #expect(try site.context.store.read { try $0.projects() }.map(\.name) == ["held"])
        }
    }

    @Test func `the heartbeat keeps how far the job is, also beside a call that blocks`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory, lease: .milliseconds(40))
            let id = try site.enqueue().id
            let done = try await site.worker { job, context in
                context.progress(0.25, "a quarter")
                let deadline = ContinuousClock.now + .seconds(120)
                while try context.queue.job(job.id)?.progress != 0.25 {
                    guard ContinuousClock.now < deadline else { return .discard(reason: "no heartbeat came") }
                }
                return .done
            }.drain()
            #expect(done.first?.state == .completed)
            #expect(try site.queue.job(id)?.message == "a quarter")
        }
    }

    @Test func `a heartbeat that finds the claim lost ends the job's task`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory, lease: .milliseconds(40))
            _ = try site.enqueue()
            let wasCancelled = Mutex(false)
            let done = try await site.worker { job, context in
                try context.queue.cancel(job.id)
                do {
                    try await Task.sleep(for: .seconds(600))
                } catch {
                    wasCancelled.withLock { $0 = true }
                    throw error
                }
                return .done
            }.drain()
            #expect(wasCancelled.withLock { $0 })
            #expect(done.first?.state == .cancelled)
        }
    }

    @Test func `a dead worker's job is taken over at the next start`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let job = try site.enqueue()
            _ = try site.queue.claim(.aggregate, owner: "killed")
            #expect(try await site.worker { _, _ in .done }.drain().isEmpty)
            site.bootTime.advance(by: .seconds(60))
            let done = try await site.worker { _, _ in .done }.drain()
            #expect(done.map(\.id) == [job.id])
            #expect(done.first?.attempt == 2)
        }
    }

    @Test func `each job leaves a record at its start and its end, with the fields that name it`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let project = try makeProject(site.context.store)
            let job = try site.queue.enqueue(
                .aggregate, project: project, slot: .planned(WorkerSite.start), askedBy: .timer
            ).job
            let done = try await site.worker { _, context in
                context.count(events: 42)
                return .done
            }.drain()
            let lines = site.lines.all
            #expect(lines.count == 2)
            let run = try #require(done.first?.runID)
            for line in lines {
                for field in [
                    "millrace_job=\(job.id)", "millrace_kind=aggregate", "millrace_slot=2025-01-01T12:00Z",
                    "millrace_attempt=1", "millrace_run=\(run)", "millrace_project=\(project)",
                ] {
                    #expect(line.contains(field), "\(line)")
                }
            }
            #expect(lines.last?.contains("millrace_events=42") == true)
            #expect(lines.last?.contains("millrace_duration_ms=") == true)
        }
    }
}
