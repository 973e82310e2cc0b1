import ControlStore
import EventModel
import JobQueue
import Synchronization
import TestKit
import Testing

@Suite struct ClaimTests {
    @Test func `the highest priority is claimed first, of those the oldest`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let requests = [0, 5, 0, 5].map { JobRequest(.aggregate, askedBy: .cli, priority: $0) }
            let jobs = try site.queue.enqueue(requests).map(\.job.id)
            _ = try site.enqueue(.refresh)
            var order: [JobID] = []
            while let claimed = try site.queue.claim(.aggregate, owner: "me") { order.append(claimed.job.id) }
            #expect(order == [jobs[1], jobs[3], jobs[0], jobs[2]])
        }
    }

    @Test func `a claim fills the lease and grows the fence`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            _ = try site.enqueue()
            _ = try site.enqueue()
            let first = try #require(try site.queue.claim(.aggregate, owner: "one"))
            let second = try #require(try site.queue.claim(.aggregate, owner: "two"))
            #expect(second.claim.fence > first.claim.fence)
            #expect(first.job.state == .running && first.job.attempt == 1 && first.job.leaseOwner == "one")
            #expect(first.job.leasedUntil == QueueSite.start + .seconds(60))
            #expect(first.job.runID == first.claim.runID)
            #expect(try site.queue.job(first.job.id) == first.job)
        }
    }

    @Test func `a worker that died is noticed by its lease, and the attempt is used`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue()
            let dead = try #require(try site.queue.claim(.aggregate, owner: "dead"))
            site.bootTime.advance(by: .seconds(59))
            #expect(try site.queue.rescueExpired().isEmpty)
            site.bootTime.advance(by: .seconds(1))
            #expect(try site.queue.rescueExpired().map(\.id) == [job.id])
            let alive = try #require(try site.queue.claim(.aggregate, owner: "alive"))
            #expect(alive.job.attempt == 2)
            #expect(alive.job.errors.map(\.attempt) == [1])
            #expect(alive.claim.fence > dead.claim.fence)
        }
    }

    @Test func `a heartbeat holds the lease and keeps how far the job is`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            _ = try site.enqueue()
            let claimed = try #require(try site.queue.claim(.aggregate, owner: "me"))
            for _ in 0..<10 {
                site.bootTime.advance(by: .seconds(45))
                try site.queue.heartbeat(claimed.claim, progress: 0.5, message: "half")
                #expect(try site.queue.rescueExpired().isEmpty)
            }
            let job = try #require(try site.queue.job(claimed.job.id))
            #expect(job.progress == 0.5 && job.message == "half")
        }
    }

    @Test(arguments: [3_600 * 24 * 365, -3_600 * 24 * 365])
    func `a clock set forward or back frees no lease`(seconds: Int) throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            _ = try site.enqueue()
            let claimed = try #require(try site.queue.claim(.aggregate, owner: "me"))
            site.realTime.advance(by: .seconds(seconds))
            #expect(try site.queue.tick().rescued.isEmpty)
            #expect(try site.queue.complete(claimed.claim).state == .completed)
        }
    }

    @Test func `a boot ends every lease, whatever its number`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue()
            _ = try site.queue.claim(.aggregate, owner: "before")
            #expect(try site.afterReboot().rescueExpired().map(\.id) == [job.id])
        }
    }

    @Test func `a job whose workers all died is discarded with every attempt's error`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory, maxAttempts: 3)
            let job = try site.enqueue()
            for _ in 0..<3 {
                _ = try #require(try site.queue.claim(.aggregate, owner: "dead"))
                site.bootTime.advance(by: .seconds(60))
                try site.queue.rescueExpired()
            }
            let end = try #require(try site.queue.job(job.id))
            #expect(end.state == .discarded)
            #expect(end.errors.map(\.attempt) == [1, 2, 3])
        }
    }

    @Test func `a fenced worker publishes nothing`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue()
            let suspended = try #require(try site.queue.claim(.aggregate, owner: "suspended")).claim
            site.bootTime.advance(by: .seconds(60))
            try site.queue.rescueExpired()
            let next = try #require(try site.queue.claim(.aggregate, owner: "next")).claim
            let publish: (StoreTransaction) throws -> Void = { _ = try $0.createProject(name: "published") }
            let attempts: [() throws -> Void] = [
                { _ = try site.queue.complete(suspended, publish: publish) },
                { try site.queue.whileHolding(suspended, publish) },
                { try site.queue.heartbeat(suspended) },
                { _ = try site.queue.fail(suspended, error: "no") },
                { _ = try site.queue.discard(suspended, reason: "no") },
                { _ = try site.queue.snooze(suspended, until: QueueSite.start) },
            ]
            for attempt in attempts {
                let error1 = #expect(throws: JobQueueError.self) { try attempt() }
                #expect(error1?.code == .claimLost)
            }
            #expect(try site.store.read { try $0.projects() }.isEmpty)
            #expect(try site.state(job.id) == .running)
            try site.queue.complete(next, publish: publish)
            #expect(try site.store.read { try $0.projects() }.count == 1)
            #expect(throws: JobQueueError.self) { try site.queue.complete(next, publish: publish) }
        }
    }

    @Test func `many threads claim two hundred jobs, each once`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let jobs = try site.queue.enqueue(
                (0..<200).map { _ in JobRequest(.aggregate, askedBy: .cli) }
            ).map(\.job.id)
            // Half of the threads are another process's: a store of their own.
            let other = JobQueue(
                store: try ControlStore.open(path: site.store.path), configuration: site.queue.configuration)
            let claimed = try await withThrowingTaskGroup(of: [ClaimedJob].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        let queue = worker.isMultiple(of: 2) ? site.queue : other
                        var mine: [ClaimedJob] = []
                        while let next = try queue.claim(.aggregate, owner: "\(worker)") {
                            try queue.complete(next.claim)
                            mine.append(next)
                        }
                        return mine
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 200)
            #expect(Set(claimed.map(\.job.id)) == Set(jobs))
            #expect(Set(claimed.map(\.claim.fence)).count == 200)
            #expect(try site.queue.list(state: .completed, limit: 300).allSatisfy { $0.attempt == 1 })
        }
    }
}
