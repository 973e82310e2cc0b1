import ControlStore
import EventModel
import JobQueue
import TestKit
import Testing

@Suite struct EndingTests {
    @Test func `a result and its completion commit together`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue()
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            let done = try site.queue.complete(claim, result: #"{"records":1}"#) { transaction in
                _ = try transaction.createProject(name: "result")
            }
            #expect(done.state == .completed && done.progress == 1 && done.result == #"{"records":1}"#)
            #expect(done.finishedAt == QueueSite.start)
            #expect(try site.queue.job(job.id) == done)
            #expect(try site.store.read { try $0.projects() }.map(\.name) == ["result"])
        }
    }

    @Test func `a crash in the middle of the transaction leaves the old state`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue()
            let follower = try site.enqueue(.advise, after: job.id)
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            struct Crash: Error {}
            #expect(throws: Crash.self) {
                try site.queue.complete(claim) { transaction in
                    _ = try transaction.createProject(name: "half")
                    throw Crash()
                }
            }
            #expect(try site.state(job.id) == .running)
            #expect(try site.state(follower.id) == .scheduled)
            #expect(try site.store.read { try $0.projects() }.isEmpty)
            #expect(try site.queue.complete(claim).state == .completed)
        }
    }

    @Test func `an error however long, and of whatever letters, is kept up to the limit`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            _ = try site.enqueue()
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            let long = String(repeating: "e\u{301}\r\n", count: 2_000)
            let failed = try site.queue.fail(claim, error: long)
            #expect(failed.state == .retryable && failed.message.unicodeScalars.count == 1_000)
        }
    }

    @Test func `a failure is retried after its back-off until no attempt is left`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory, maxAttempts: 3)
            let job = try site.enqueue()
            for (attempt, seconds) in [(1, 1), (2, 16)] {
                let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
                let failed = try site.queue.fail(claim, error: "attempt \(attempt)")
                #expect(failed.state == .retryable)
                #expect(failed.runAt == site.realTime.clock.now() + .seconds(seconds))
                site.realTime.advance(by: .seconds(seconds) - .milliseconds(1))
                #expect(try site.queue.promoteDue().isEmpty)
                site.realTime.advance(by: .milliseconds(1))
                #expect(try site.queue.promoteDue().count == 1)
            }
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            #expect(try site.queue.fail(claim, error: "attempt 3").state == .discarded)
            let end = try #require(try site.queue.job(job.id))
            #expect(end.errors.map(\.error) == ["attempt 1", "attempt 2", "attempt 3"])
            #expect(end.finishedAt != nil)
        }
    }

    @Test func `a service's own delay wins over the back-off`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            _ = try site.enqueue()
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            let failed = try site.queue.fail(claim, error: "503", retryAfter: .seconds(7_200))
            #expect(failed.runAt == QueueSite.start + .seconds(7_200))
        }
    }

    @Test func `a snoozed job uses no attempt and comes back at its time`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory, maxAttempts: 1)
            let job = try site.enqueue()
            for round in 1...10 {
                let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
                let until = site.realTime.clock.now() + .seconds(5)
                let snoozed = try site.queue.snooze(claim, until: until, why: "not loaded, round \(round)")
                #expect(snoozed.attempt == 0 && snoozed.state == .snoozed)
                #expect(try site.queue.promoteDue().isEmpty)
                site.realTime.advance(by: .seconds(5))
                #expect(try site.queue.promoteDue().map(\.id) == [job.id])
            }
        }
    }

    @Test func `a running job that is cancelled can write nothing any more`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue()
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            #expect(try site.queue.cancel(job.id).message == "by hand")
            let error = #expect(throws: JobQueueError.self) { try site.queue.complete(claim) }
            #expect(error?.code == .claimLost && error?.exitCode == .tryAgain)
        }
    }

    @Test func `a discarded and a cancelled job run again by hand`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory, maxAttempts: 1)
            let job = try site.enqueue()
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            try site.queue.fail(claim, error: "broken")
            #expect(try site.queue.retry(job.id).state == .available)
            try site.queue.cancel(job.id)
            #expect(try site.queue.retry(job.id).finishedAt == nil)
            let again = try #require(try site.queue.claim(.aggregate, owner: "me"))
            #expect(again.job.attempt == 2 && again.job.errors.count == 1)
            #expect(try site.queue.complete(again.claim).state == .completed)
            let error1 = #expect(throws: JobQueueError.self) { try site.queue.retry(job.id) }
            #expect(error1?.code == .refusedMove)
            let error2 = #expect(throws: JobQueueError.self) { try site.queue.cancel(job.id) }
            #expect(error2?.code == .refusedMove)
        }
    }

    @Test func `a job that does not exist is said to be missing`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let nobody = JobID.random()
            #expect(try site.queue.job(nobody) == nil)
            let error3 = #expect(throws: JobQueueError.self) { try site.queue.cancel(nobody) }
            #expect(error3?.exitCode == .noInput)
            #expect(throws: JobQueueError.self) { try site.enqueue(after: nobody) }
        }
    }

    @Test func `a follower waits for the completion`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue(.aggregate)
            let follower = try site.enqueue(.advise, after: job.id)
            #expect(follower.state == .scheduled)
            #expect(try site.queue.promoteDue().isEmpty)
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            #expect(try site.queue.promoteDue().isEmpty)
            site.wake.remove(.advise)
            try site.queue.complete(claim)
            #expect(try site.state(follower.id) == .available)
            #expect(site.wake.remove(.advise))
            #expect(try site.enqueue(.advise, after: job.id).state == .available)
        }
    }

    @Test func `a job queued with a result follows it in the same transaction`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue(.aggregate)
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            try site.queue.complete(claim) { transaction in
                let request = JobRequest(.advise, askedBy: .job, after: job.id)
                let made = try site.queue.enqueue(request, in: transaction)
                #expect(made.job.state == .available)
            }
            #expect(try site.queue.list(state: .available).map(\.kind) == [.advise])
            #expect(site.wake.remove(.advise))
        }
    }

    @Test func `when a job fails for good, the whole chain behind it is cancelled with the reason`() throws {
        try withTemporaryDirectory { directory in
            let site = try QueueSite(directory)
            let job = try site.enqueue(.aggregate)
            let follower = try site.enqueue(.advise, after: job.id)
            let last = try site.enqueue(.insight, after: follower.id)
            let claim = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            try site.queue.fail(claim, error: "a try")
            #expect(try site.state(follower.id) == .scheduled)
            site.realTime.advance(by: .seconds(1))
            try site.queue.promoteDue()
            let second = try #require(try site.queue.claim(.aggregate, owner: "me")).claim
            try site.queue.discard(second, reason: "the budget is spent")
            let cancelled = try #require(try site.queue.job(follower.id))
            #expect(cancelled.state == .cancelled)
            #expect(cancelled.message.contains(job.id.rawValue) && cancelled.message.contains("the budget is spent"))
            #expect(try site.state(last.id) == .cancelled)
            #expect(try site.enqueue(.advise, after: job.id).state == .cancelled)
        }
    }
}
