import EventModel
import TestKit
import Testing

@testable import ControlStore

struct ExperimentsTests {
    private func withProject(_ body: (ControlStore, ProjectID, ManualClock) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let clock = ManualClock(Timestamp(milliseconds: 1_735_732_800_000))
            let store = try TestDatabase.make(in: directory, clock: clock.clock)
            try body(store, try makeProject(store), clock)
        }
    }

    @Test func `a new test is active, with the record's defaults`() throws {
        try withProject { store, project, clock in
            let test = try store.write { try $0.createTest(ABTestDraft(testID: "hero_cta"), project: project) }
            #expect(test.status == .active)
            #expect(test.name == "hero_cta")
            #expect(test.shareOfA == 0.5)
            #expect(test.sampleSize == 1_000)
            #expect(test.confidenceThreshold == 0.95)
            #expect(test.winnerVariant == "none")
            #expect(test.startDate == clock.clock.now())
            #expect(test.began == test.startDate)
            #expect(try store.read { try $0.test("hero_cta", project: project) } == test)
            #expect(try store.read { try $0.test("other", project: project) } == nil)
        }
    }

    @Test(arguments: ["", "Hero", "hero-cta", "ü", String(repeating: "a", count: 65)])
    func `an id that is none is refused with what it should be`(id: String) throws {
        try withProject { store, project, _ in
            let error = #expect(throws: StoreError.self) {
                try store.write { try $0.createTest(ABTestDraft(testID: id), project: project) }
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("a-z, 0-9 and _") == true)
        }
    }

    @Test func `numbers out of bounds and an id taken are refused`() throws {
        try withProject { store, project, _ in
            var share = ABTestDraft(testID: "a")
            share.shareOfA = 1.5
            var size = ABTestDraft(testID: "a")
            size.sampleSize = 0
            var threshold = ABTestDraft(testID: "a")
            threshold.confidenceThreshold = 95
            var target = ABTestDraft(testID: "a")
            target.targetConversion = ""
            for draft in [share, size, threshold, target] {
                let error = #expect(throws: StoreError.self) {
                    try store.write { try $0.createTest(draft, project: project) }
                }
                #expect(error?.code == .refused)
            }
            _ = try store.write { try $0.createTest(ABTestDraft(testID: "a"), project: project) }
            #expect(throws: StoreError.self) {
                try store.write { try $0.createTest(ABTestDraft(testID: "a"), project: project) }
            }
            #expect(try store.read { try $0.tests(project: project) }.count == 1)
        }
    }

    @Test func `a test moves only as its state allows`() throws {
        for from in ABTest.Status.allCases {
            for to in ABTest.Status.allCases {
                try withProject { store, project, _ in
                    try store.write { transaction in
                        _ = try transaction.createTest(ABTestDraft(testID: "t"), project: project)
                        try transaction.database.execute(
                            sql: "UPDATE a_b_tests SET status = ?", arguments: [from.rawValue])
                    }
                    func move() throws { try store.write { try $0.moveTest("t", project: project, to: to) } }
                    if from.next.contains(to) { try move() } else { #expect(throws: StoreError.self) { try move() } }
                    let status = try store.read { try $0.test("t", project: project) }?.status
                    #expect(status == (from.next.contains(to) ? to : from))
                }
            }
        }
    }

    @Test func `a test that ends has its end`() throws {
        try withProject { store, project, clock in
            _ = try store.write { try $0.createTest(ABTestDraft(testID: "t"), project: project) }
            clock.advance(by: .seconds(3_600))
            try store.write { try $0.moveTest("t", project: project, to: .completed) }
            #expect(try store.read { try $0.test("t", project: project) }?.endDate == clock.clock.now())
            let error = #expect(throws: StoreError.self) {
                try store.write { try $0.moveTest("unknown", project: project, to: .paused) }
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func `a look made again keeps the lesser p`() throws {
        try withProject { store, project, clock in
            _ = try store.write { try $0.createTest(ABTestDraft(testID: "t"), project: project) }
            let now = clock.clock.now()
            func look(_ p: Double, at time: Timestamp) throws {
                let look = TestLook(testID: "t", lookedAt: time, alwaysValidP: p, detail: "{}")
                try store.write { try $0.putLook(look, project: project) }
            }
            func least(_ time: Timestamp) throws -> Double? {
                try store.read { try $0.leastAlwaysValidP(test: "t", project: project, through: time) }
            }
            #expect(try least(now) == nil)
            try look(0.5, at: now)
            try look(0.7, at: now)
            try look(0.2, at: now + .seconds(60))
            #expect(try least(now) == 0.5)
            #expect(try least(now + .seconds(60)) == 0.2)
            #expect(try store.read { try $0.looks(test: "t", project: project) }.map(\.alwaysValidP) == [0.5, 0.2])
        }
    }

    @Test func `sessions are counted by variant and visitors by their first assignment`() throws {
        try withProject { store, project, clock in
            let start = clock.clock.now()
            try store.write { transaction in
                _ = try transaction.createTest(ABTestDraft(testID: "t"), project: project)
                for (session, user, variant, minute) in [
                    ("s1", "ann", "A", 2), ("s2", "ann", "A", 1), ("s3", nil, "B", 3), ("s4", "bob", "B", 9),
                ] as [(String, String?, String, Int64)] {
                    let position = EventPosition(time: start + .seconds(minute * 60), sequence: 1)
                    var record = SessionRecord(sessionID: session, at: position, pageURL: "", pageViews: 1)
                    record.userID = user.map { .init(value: $0, position: position) }
                    _ = try transaction.insertSession(record, of: project)
                    try transaction.insertAssignment(
                        AssignmentRecord(testID: "t", variant: variant, assignedAt: position.time, conflicts: 0),
                        session: session, of: project)
                }
            }
            var seen: [String: AssignedVisitor] = [:]
            try store.read { transaction in
                let before = start + .seconds(540)
                try transaction.assignedVisitors(test: "t", project: project, before: before) { seen[$0.visitor] = $0 }
                let counts = try transaction.assignedSessions(project: project)
                #expect(counts["t"]?.a == 2 && counts["t"]?.b == 2)
                #expect(try transaction.test("t", project: project)?.firstAssignedAt == start + .seconds(60))
            }
            #expect(Set(seen.keys) == ["ann", "s3"])
            #expect(seen["ann"]?.firstA == start + .seconds(60))
            #expect(seen["ann"]?.firstB == nil)
            #expect(seen["s3"]?.firstB == start + .seconds(180))
        }
    }
}
