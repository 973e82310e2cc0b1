import EventModel
import Foundation
import JobQueue
import TestKit
import Testing

@Suite struct QueueingTests {
    @Test func `a slot asked for twice makes one job`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let first = try site.queue.enqueue(.aggregate, slot: .planned(QueueSite.start), askedBy: .timer)
            let second = try site.queue.enqueue(
                .aggregate, slot: .planned(QueueSite.start + .seconds(30)), askedBy: .cli)
            #expect(first.inserted && !second.inserted)
            #expect(first.job == second.job)
            #expect(first.job.slot == "2025-01-01T12:00Z")
            #expect(first.job.plannedAt == QueueSite.start)
            let other = try makeProject(site.store)
            let third = try site.queue.enqueue(
                .aggregate, project: other, slot: .planned(QueueSite.start), askedBy: .timer)
            #expect(third.inserted && third.job.projectID == other)
            #expect(try site.queue.enqueue(.refresh, slot: .planned(QueueSite.start), askedBy: .timer).inserted)
        }
    }

    @Test func `each request by hand makes a job of its own`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let first = try site.enqueue()
            let second = try site.enqueue()
            #expect(first.id != second.id)
            #expect(first.slot == "manual:\(first.id)")
        }
    }

    @Test func `the newest slot stays when an older one is queued, and when the history goes`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            #expect(try site.queue.newestSlot(.aggregate) == nil)
            try site.queue.enqueue(.aggregate, slot: .planned(QueueSite.start), askedBy: .timer)
            try site.queue.enqueue(.aggregate, slot: .planned(QueueSite.start - .seconds(43_200)), askedBy: .timer)
            _ = try site.enqueue()
            try site.store.write { try $0.database.execute(sql: "DELETE FROM jobs") }
            #expect(try site.queue.newestSlot(.aggregate) == QueueSite.start)
            #expect(try site.queue.newestSlot(.refresh) == nil)
        }
    }

    @Test func `queueing touches the kind's wake file, a rolled back transaction none`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            struct Crash: Error {}
            #expect(throws: Crash.self) {
                try site.store.write { transaction in
                    _ = try site.queue.enqueue(JobRequest(.refresh, askedBy: .job), in: transaction)
                    throw Crash()
                }
            }
            #expect(!site.wake.remove(.refresh))
            #expect(try site.queue.list().isEmpty)
            _ = try site.enqueue(.aggregate)
            #expect(site.wake.remove(.aggregate))
            #expect(!site.wake.remove(.aggregate))
        }
    }

    @Test func `a payload that is no JSON or too long is refused and nothing queued`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let long = "\"" + String(repeating: "x", count: JobQueue.maximumPayloadBytes) + "\""
            for payload in ["{", "", "nothing", long] {
                let error = #expect(throws: JobQueueError.self) {
                    try site.queue.enqueue(.aggregate, payload: payload, askedBy: .cli)
                }
                #expect(error?.code == .wrongRequest)
            }
            #expect(try site.queue.list().isEmpty)
        }
    }

    @Test func `a batch is queued whole or not at all`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let good = JobRequest(.aggregate, askedBy: .api)
            let bad = JobRequest(.aggregate, payload: "{", askedBy: .api)
            #expect(throws: JobQueueError.self) { try site.queue.enqueue([good, bad]) }
            #expect(try site.queue.list().isEmpty)
            #expect(try site.queue.enqueue([good, good]).allSatisfy(\.inserted))
        }
    }

    @Test func `a job for later is promoted at its time`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let later = QueueSite.start + .seconds(60)
            let job = try site.queue.enqueue(.aggregate, askedBy: .api, runAt: later).job
            #expect(job.state == .scheduled)
            #expect(!site.wake.remove(.aggregate))
            site.realTime.advance(by: .seconds(59))
            #expect(try site.queue.promoteDue().isEmpty)
            site.realTime.advance(by: .seconds(1))
            #expect(try site.queue.promoteDue().map(\.id) == [job.id])
            #expect(site.wake.remove(.aggregate))
        }
    }

    @Test func `lists are filtered, newest first, and bounded`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let first = try site.enqueue(.aggregate)
            let second = try site.enqueue(.refresh)
            try site.queue.cancel(first.id)
            #expect(try site.queue.list().map(\.id) == [second.id, first.id])
            #expect(try site.queue.list(state: .cancelled).map(\.id) == [first.id])
            #expect(try site.queue.list(kind: .refresh).map(\.id) == [second.id])
            #expect(try site.queue.list(limit: 1).map(\.id) == [second.id])
        }
    }

    @Test func `the tick touches the wake file of whatever waits`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            _ = try site.enqueue(.refresh)
            site.wake.remove(.refresh)
            #expect(try site.queue.tick().waiting == [.refresh])
            #expect(FileManager.default.fileExists(atPath: site.wake.path(.refresh)))
        }
    }
}
