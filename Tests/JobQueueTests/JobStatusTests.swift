import EventModel
import JobQueue
import Testing

/// The state machine alone: every state, every move.
@Suite struct JobStatusTests {
    static let now = Timestamp(milliseconds: 1_735_732_800_000)
    static let lease = Lease(owner: "one", bootID: "boot", endsAt: .seconds(60))

    /// A status as it stands in the state, at the second of three attempts where one was begun.
    static func status(_ state: JobState) -> JobStatus {
        let isFresh = state == .scheduled || state == .available
        return JobStatus(
            state: state, attempt: isFresh ? 1 : 2, maxAttempts: 3, runAt: now, fence: 7,
            lease: state == .running ? lease : nil)
    }

    /// Each move by its name, with parameters under which nothing but the state decides.
    static let moves: [(name: String, move: JobMove)] = [
        ("promote", .promote(now: now, awaiting: nil)),
        ("claim", .claim(fence: 8, lease: lease)),
        ("heartbeat", .heartbeat(fence: 7, lease: lease)),
        ("complete", .complete(fence: 7)),
        ("fail", .fail(fence: 7, now: now, delay: .seconds(16))),
        ("discard", .discard(fence: 7)),
        ("snooze", .snooze(fence: 7, until: now + .seconds(5))),
        ("rescue", .rescue(bootID: "boot", now: .seconds(61))),
        ("cancel", .cancel),
        ("retry", .retry(now: now, attempts: 5)),
    ]

    /// Every arrow of the diagram; what is not here is refused.
    static let arrows: [JobState: [String: JobState]] = [
        .scheduled: ["promote": .available, "cancel": .cancelled],
        .available: ["claim": .running, "cancel": .cancelled],
        .running: [
            "heartbeat": .running, "complete": .completed, "fail": .retryable, "discard": .discarded,
            "snooze": .snoozed, "rescue": .available, "cancel": .cancelled,
        ],
        .retryable: ["promote": .available, "cancel": .cancelled],
        .snoozed: ["promote": .available, "cancel": .cancelled],
        .completed: [:],
        .discarded: ["retry": .available],
        .cancelled: ["retry": .available],
    ]

    @Test(arguments: JobState.allCases)
    func `a state allows the moves of the diagram and refuses every other`(state: JobState) throws {
        for (name, move) in Self.moves {
            let before = Self.status(state)
            guard let wanted = try #require(Self.arrows[state])[name] else {
                #expect(throws: JobRefusal.self, "\(state) \(name)") { try before.applying(move) }
                continue
            }
            let after = try before.applying(move).status
            #expect(after.state == wanted, "\(state) \(name)")
            #expect((after.lease != nil) == (after.state == .running), "\(state) \(name)")
            #expect(after.attempt <= after.maxAttempts, "\(state) \(name)")
        }
    }

    @Test(arguments: ["heartbeat", "complete", "fail", "discard", "snooze"])
    func `a move of a worker with an older claim is fenced`(name: String) throws {
        var later = Self.status(.running)
        later.fence = 9
        let move = try #require(Self.moves.first { $0.name == name }).move
        #expect(throws: JobRefusal.fenced(held: 9, named: 7)) { try later.applying(move) }
    }

    @Test func `a claim begins an attempt, a snooze gives it back`() throws {
        let claimed = try Self.status(.available).applying(.claim(fence: 8, lease: Self.lease)).status
        #expect(claimed.attempt == 2 && claimed.fence == 8)
        let snoozed = try claimed.applying(.snooze(fence: 8, until: Self.now + .seconds(9))).status
        #expect(snoozed.attempt == 1 && snoozed.runAt == Self.now + .seconds(9))
    }

    @Test func `the last attempt's failure discards, and cancels the followers`() throws {
        var last = Self.status(.running)
        last.attempt = 3
        let failed = try last.applying(.fail(fence: 7, now: Self.now, delay: .zero))
        #expect(failed.status.state == .discarded)
        #expect(failed.consequences == [.cancelFollowers])
        let rescued = try last.applying(.rescue(bootID: "boot", now: .seconds(60)))
        #expect(rescued.status.state == .discarded)
        #expect(rescued.consequences == [.cancelFollowers])
    }

    @Test func `a failed attempt waits for its delay`() throws {
        let failed = try Self.status(.running).applying(.fail(fence: 7, now: Self.now, delay: .seconds(16))).status
        #expect(failed.runAt == Self.now + .seconds(16))
        #expect(throws: JobRefusal.notYet(until: failed.runAt)) {
            try failed.applying(.promote(now: Self.now + .seconds(15), awaiting: nil))
        }
        #expect(try failed.applying(.promote(now: Self.now + .seconds(16), awaiting: nil)).status.state == .available)
    }

    @Test(arguments: JobState.allCases)
    func `a scheduled job waits until the one it follows is completed`(awaited: JobState) throws {
        let move = JobMove.promote(now: Self.now, awaiting: awaited)
        if awaited == .completed {
            #expect(try Self.status(.scheduled).applying(move).status.state == .available)
        } else {
            #expect(throws: JobRefusal.waitsForAnother(awaited)) { try Self.status(.scheduled).applying(move) }
        }
    }

    @Test func `a lease holds to its end and no longer than its boot`() throws {
        let running = Self.status(.running)
        #expect(throws: JobRefusal.leaseHolds(owner: "one")) {
            try running.applying(.rescue(bootID: "boot", now: .milliseconds(59_999)))
        }
        #expect(try running.applying(.rescue(bootID: "boot", now: .seconds(60))).status.state == .available)
        #expect(try running.applying(.rescue(bootID: "another", now: .seconds(1))).status.state == .available)
    }

    @Test func `a retry by hand has a new job's attempts`() throws {
        var discarded = Self.status(.discarded)
        discarded.attempt = 3
        let again = try discarded.applying(.retry(now: Self.now, attempts: 5)).status
        #expect(again.attempt == 3 && again.maxAttempts == 8)
        #expect(try Self.status(.cancelled).applying(.retry(now: Self.now, attempts: 1)).status.maxAttempts == 3)
    }

    @Test func `the back-off is the attempt to the fourth, within a tenth, and an hour at most`() {
        let backoff = Backoff(seconds: 1)
        #expect(backoff.delay(attempt: 1, jitter: 0, retryAfter: nil) == .seconds(1))
        #expect(backoff.delay(attempt: 2, jitter: 0, retryAfter: nil) == .seconds(16))
        #expect(backoff.delay(attempt: 3, jitter: 0.1, retryAfter: nil) == .milliseconds(89_100))
        #expect(backoff.delay(attempt: 3, jitter: -0.1, retryAfter: nil) == .milliseconds(72_900))
        #expect(backoff.delay(attempt: 8, jitter: 0.1, retryAfter: nil) == .seconds(3_600))
        #expect(backoff.delay(attempt: 1, jitter: 0, retryAfter: .seconds(7_200)) == .seconds(7_200))
        #expect(backoff.delay(attempt: 5, jitter: 0, retryAfter: .seconds(2)) == .seconds(2))
        #expect(backoff.delay(attempt: 1, jitter: 0, retryAfter: .seconds(Int64.max)) == .seconds(2_592_000))
        #expect(backoff.delay(attempt: 1, jitter: 0, retryAfter: .seconds(-5)) == .zero)
    }
}
