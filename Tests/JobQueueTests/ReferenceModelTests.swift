import EventModel
import JobQueue
import TestKit
import Testing

/// Random operations on the table and on a plain model of it: both agree after each.
@Suite struct ReferenceModelTests {
    /// What the specification says of one job, in the simplest words.
    struct ModelJob: Equatable {
        var state = JobState.available
        var attempt = 0
        var maxAttempts: Int
        var dueAt = 0
        var leaseEndsAt = 0
        var after: JobID?
    }

    struct Random: RandomNumberGenerator {
        var state: UInt64

        // SplitMix64: the same seed gives the same run.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Table, model and the claims that were ever made, also those that are void.
    struct Run {
        let site: QueueSite
        var random: Random
        var model: [JobID: ModelJob] = [:]
        var order: [JobID] = []
        var claims: [Claim] = []
        var second = 0

        mutating func step() throws {
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: try enqueue()
            case 2, 3, 4: try claim()
            case 5:
                try end {
                    try $0.complete($1)
                } expect: { job, _ in
                    job.state = .completed
                }
            case 6:
                let second = second
                try end {
                    try $0.fail($1, error: "random")
                } expect: { job, _ in
                    let delay = job.attempt * job.attempt * job.attempt * job.attempt
                    job.state = job.attempt < job.maxAttempts ? .retryable : .discarded
                    job.dueAt = second + min(delay, 3_600)
                }
            case 7:
                let until = second + Int.random(in: 0..<20, using: &random)
                try end {
                    try $0.snooze($1, until: QueueSite.start + .seconds(until))
                } expect: { job, _ in
                    job.state = .snoozed
                    job.attempt -= 1
                    job.dueAt = until
                }
            case 8: try byHand()
            case 9: try beat()
            default: try passTime()
            }
        }

        mutating func enqueue() throws {
            let after = Bool.random(using: &random) ? order.randomElement(using: &random) : nil
            let job = try site.enqueue(after: after)
            var expected = ModelJob(maxAttempts: 3, dueAt: second, after: after)
            if let after, let awaited = model[after]?.state {
                switch awaited {
                case .completed: break
                case .discarded, .cancelled: expected.state = .cancelled
                default: expected.state = .scheduled
                }
            }
            model[job.id] = expected
            order.append(job.id)
        }

        mutating func claim() throws {
            let expected = order.first { model[$0]?.state == .available }
            let claimed = try site.queue.claim(.aggregate, owner: "model")
            #expect(claimed?.job.id == expected)
            guard let claimed, let expected else { return }
            model[expected]?.state = .running
            model[expected]?.attempt += 1
            model[expected]?.leaseEndsAt = second + 60
            claims.append(claimed.claim)
        }

        /// Ends a random claim, void or not, and holds the table to what the model expects.
        mutating func end(
            _ operation: (JobQueue, Claim) throws -> Job, expect: (inout ModelJob, Claim) -> Void
        ) throws {
            guard let claim = claims.randomElement(using: &random) else { return }
            let holds = isHeld(claim)
            if holds {
                _ = try operation(site.queue, claim)
                expect(&model[claim.jobID]!, claim)
                settleFollowers(of: claim.jobID)
            } else {
                #expect(throws: JobQueueError.self) { try operation(site.queue, claim) }
            }
        }

        func isHeld(_ claim: Claim) -> Bool {
            model[claim.jobID]?.state == .running && claims.last { $0.jobID == claim.jobID } == claim
        }

        mutating func beat() throws {
            guard let claim = claims.randomElement(using: &random) else { return }
            if isHeld(claim) {
                try site.queue.heartbeat(claim)
                model[claim.jobID]?.leaseEndsAt = second + 60
            } else {
                #expect(throws: JobQueueError.self) { try site.queue.heartbeat(claim) }
            }
        }

        mutating func byHand() throws {
            guard let id = order.randomElement(using: &random), let job = model[id] else { return }
            if Bool.random(using: &random) {
                guard ![.completed, .discarded, .cancelled].contains(job.state) else {
                    #expect(throws: JobQueueError.self) { try site.queue.cancel(id) }
                    return
                }
                try site.queue.cancel(id)
                model[id]?.state = .cancelled
                settleFollowers(of: id)
            } else {
                guard job.state == .discarded || job.state == .cancelled else {
                    #expect(throws: JobQueueError.self) { try site.queue.retry(id) }
                    return
                }
                try site.queue.retry(id)
                model[id]?.state = .available
                model[id]?.maxAttempts = max(job.maxAttempts, job.attempt + 3)
            }
        }

        mutating func passTime() throws {
            let step = Int.random(in: 0..<40, using: &random)
            second += step
            site.realTime.advance(by: .seconds(step))
            site.bootTime.advance(by: .seconds(step))
            try site.queue.tick()
            for id in order {
                guard let job = model[id], job.state == .running, job.leaseEndsAt <= second else { continue }
                model[id]?.state = job.attempt < job.maxAttempts ? .available : .discarded
                settleFollowers(of: id)
            }
            for id in order {
                guard let job = model[id], [.retryable, .snoozed].contains(job.state), job.dueAt <= second
                else { continue }
                model[id]?.state = .available
            }
        }

        mutating func settleFollowers(of id: JobID) {
            guard let state = model[id]?.state, [.completed, .discarded, .cancelled].contains(state) else { return }
            for follower in order where model[follower]?.after == id && model[follower]?.state == .scheduled {
                model[follower]?.state = state == .completed ? .available : .cancelled
                settleFollowers(of: follower)
            }
        }

        func compare() throws {
            for job in try site.queue.list(limit: 10_000) {
                let expected = try #require(model[job.id])
                #expect(job.state == expected.state)
                #expect(job.attempt == expected.attempt)
                #expect(job.maxAttempts == expected.maxAttempts)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5])
    func `the table and the model agree after every random step`(seed: UInt64) throws {
        try withTemporaryDirectory { directory in
            var run = Run(site: try QueueSite(directory, maxAttempts: 3), random: Random(state: seed))
            for _ in 0..<300 {
                try run.step()
                try run.compare()
            }
            // A run that reached next to nothing would prove next to nothing.
            let reached = Set(run.model.values.map(\.state))
            #expect(reached.contains(.completed) && reached.contains(.cancelled))
            #expect(run.claims.count > 20)
        }
    }
}
