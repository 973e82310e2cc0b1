import ControlStore
import EventModel
import TestKit
import Testing
import Warehouse

@testable import Jobs

/// The variants' numbers.
struct AggregatorTestFiguresTests {
    private func liveTest(_ site: Site, _ settings: AggregationSettings? = nil) throws -> FunnelRecord.Test? {
        try record(site, settings).test
    }

    private func record(_ site: Site, _ settings: AggregationSettings? = nil) throws -> FunnelRecord {
        let project = try #require(try site.store.read { try $0.project(site.project) })
        let run = ProjectRun(aggregator: site.aggregator(settings), project: project, moment: Site.slot)
        return try #require(try run.records([.live(at: Site.slot)]) { _, _ in }.records.first)
    }

    @Test func `a visitor counts once, converts from the first assignment on, and an order counts once`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            let start = Site.slot.hours(-72)
            try site.makeTest("hero", start: start)
            try site.assign("ann", "A", of: "hero", session: "a1", at: start.hours(2))
            try site.assign("ann", "A", of: "hero", session: "a2", at: start.hours(30))
            try site.assign("bob", "A", of: "hero", session: "b", at: start.hours(2))
            try site.assign("cat", "B", of: "hero", session: "c", at: start.hours(3))
            try site.assign(nil, "B", of: "hero", session: "d", at: start.hours(3))
            site.buy("ann", at: start.hours(1), "1000")
            site.buy("ann", at: start.hours(2), "10", order: "o")
            site.buy("ann", at: start.hours(31), "10", order: "o")
            site.buy("bob", at: start.hours(1), "7")
            site.buy("cat", at: start.hours(50), "3", currency: "EUR")
            site.add("purchase", nil, session: "d", at: start.hours(50))
            site.buy("eve", at: start.hours(50), "99")
            try site.load()
            let test = try #require(try liveTest(site))
            #expect(test.figures.a == .init(visitors: 2, conversions: 1, revenue: Money(unscaled: 100_000)))
            #expect(test.figures.b == .init(visitors: 2, conversions: 2, revenue: Money()))
            #expect(test.figures.crossovers == 0)
        }
    }

    @Test func `who saw both variants is in neither and counted`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            let start = Site.slot.hours(-72)
            try site.makeTest("hero", start: start)
            try site.assign("ann", "A", of: "hero", session: "a1", at: start.hours(2))
            try site.assign("ann", "B", of: "hero", session: "a2", at: start.hours(3))
            try site.assign("bob", "A", of: "hero", session: "b", at: start.hours(2), conflicts: 1)
            try site.assign("cat", "A", of: "hero", session: "c", at: start.hours(2))
            site.buy("ann", at: start.hours(4), "5")
            try site.load()
            let test = try #require(try liveTest(site))
            #expect(test.figures.crossovers == 2)
            #expect(test.figures.a == .init(visitors: 1, conversions: 0, revenue: Money()))
            #expect(test.figures.b == .init())
            #expect(test.verdict.reason.hasPrefix("too many crossovers"))
        }
    }

    @Test func `the test's own target is its conversion`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            let start = Site.slot.hours(-72)
            try site.makeTest("hero", start: start, target: "sign_up")
            try site.assign("ann", "A", of: "hero", session: "a", at: start.hours(1))
            try site.assign("bob", "B", of: "hero", session: "b", at: start.hours(1))
            site.buy("ann", at: start.hours(2), "5")
            site.add("sign_up", "bob", at: start.hours(2))
            try site.load()
            let test = try #require(try liveTest(site))
            #expect(test.figures.a.conversions == 0)
            #expect(test.figures.b.conversions == 1)
        }
    }

    @Test func `the oldest active test is spoken of, or the one that is named`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try site.makeTest("old", start: Site.slot.hours(-90))
            try site.makeTest("new", start: Site.slot.hours(-50))
            try site.makeTest("future", start: Site.slot.hours(50))
            #expect(try liveTest(site)?.planned.testID == "old")
            try site.store.write { try $0.moveTest("old", project: site.project, to: .paused) }
            #expect(try liveTest(site)?.planned.testID == "new")
            var settings = site.settings
            settings.testID = "old"
            #expect(try liveTest(site, settings)?.planned.testID == "old")
            settings.testID = "no such test"
            #expect(try liveTest(site, settings)?.planned.testID == "new")
            try site.store.write { try $0.moveTest("new", project: site.project, to: .completed) }
            #expect(try liveTest(site) == nil)
            #expect(try record(site).json.contains("\"variants\":{},"))
        }
    }

    @Test func `a paused test that is named keeps the visitors it has`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try site.makeTest("hero", start: Site.slot.hours(-90))
            try site.assign("ann", "A", of: "hero", session: "a", at: Site.slot.hours(-80))
            try site.store.write { try $0.moveTest("hero", project: site.project, to: .paused) }
            var settings = site.settings
            settings.testID = "hero"
            #expect(try liveTest(site, settings)?.figures.a.visitors == 1)
        }
    }

    @Test func `a day keeps the test that was completed after it`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try site.makeTest("hero", start: Site.slot.hours(-90))
            try site.store.write { try $0.moveTest("hero", project: site.project, to: .completed) }
            let tests = try site.store.read { try $0.tests(project: site.project) }
            let yesterday = RecordWindow.daily(Site.slot.day.advanced(by: -1))
            #expect(RunningTest.choose(from: tests, named: nil, for: yesterday)?.testID == "hero")
            #expect(RunningTest.choose(from: tests, named: nil, for: .live(at: Site.slot.hours(1))) == nil)
            let before = RecordWindow.daily(Site.slot.day.advanced(by: -9))
            #expect(RunningTest.choose(from: tests, named: nil, for: before) == nil)
        }
    }

    @Test func `a test began with its first assignment where history was brought in later`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try site.makeTest("hero", start: Site.slot.hours(1))
            #expect(try liveTest(site) == nil)
            try site.assign("ann", "A", of: "hero", session: "a", at: Site.slot.hours(-50))
            let record = try record(site)
            #expect(record.test?.figures.a.visitors == 1)
            #expect(record.json.contains("\"testDuration\":2,"))
        }
    }

    @Test(arguments: 1...10) func `random tests give the numbers of a naive computation`(seed: Int) throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            var random = SeededGenerator(seed: UInt64(seed) * 977)
            let start = Site.slot.hours(-96)
            try site.makeTest("hero", start: start)
            var assignments: [(user: String?, session: String, variant: String, at: Timestamp, conflicts: Int64)] = []
            for number in 0..<Int.random(in: 5...60, using: &random) {
                let user: String? = random.chance(0.85) ? "user \(Int.random(in: 0..<30, using: &random))" : nil
                assignments.append(
                    (
                        user, "session \(number)", random.chance(0.5) ? "A" : "B",
                        start.seconds(Double.random(in: 0..<400_000, using: &random)), random.chance(0.05) ? 1 : 0
                    ))
            }
            for one in assignments {
                try site.assign(
                    one.user, one.variant, of: "hero", session: one.session, at: one.at, conflicts: one.conflicts)
            }
            for _ in 0..<80 {
                let someone = assignments.randomElement(using: &random)
                let time = start.seconds(Double.random(in: -50_000..<400_000, using: &random))
                site.add("purchase", someone?.user, session: someone?.session, at: time) { event in
                    if random.chance(0.7) { event.properties.append(.init(name: "revenue", value: "12.5")) }
                    if random.chance(0.3) { event.properties.append(.init(name: "currency", value: "EUR")) }
                    if random.chance(0.5) {
                        let order = "order \(Int.random(in: 0..<20, using: &random))"
                        event.properties.append(.init(name: "order_id", value: order))
                    }
                    event.isBot = random.chance(0.05)
                }
            }
            try site.load()
            let real = try liveTest(site)?.figures ?? TestFigures()
            #expect(
                real
                    == naive(
                        assignments.map { ($0.user ?? $0.session, $0.variant, $0.at, $0.conflicts) }, site, from: start)
            )
        }
    }

    private func naive(
        _ assignments: [(visitor: String, variant: String, at: Timestamp, conflicts: Int64)], _ site: Site,
        from start: Timestamp
    ) -> TestFigures {
        let known = NaiveFigures(events: site.events, ctaComponents: [])
        let end = Site.slot
        var orders: Set<String> = []
        var counted: [(visitor: String, at: Timestamp, amount: Int128)] = []
        for row in known.inOrder(site.events) {
            let event = row.event
            guard !event.isBot, event.timestamp >= start, event.timestamp < end, let visitor = known.visitor(row) else {
                continue
            }
            var amount = (known.property("currency", row) ?? "USD") == "USD" ? known.amount(row) ?? 0 : 0
            if amount > 0, let order = known.property("order_id", row), !orders.insert(order).inserted { amount = 0 }
            counted.append((visitor, event.timestamp, amount))
        }
        var figures = TestFigures()
        let inTime = assignments.filter { $0.at < end }
        for visitor in Set(inTime.map(\.visitor)) {
            let own = inTime.filter { $0.visitor == visitor }
            if Set(own.map(\.variant)).count > 1 || own.contains(where: { $0.conflicts > 0 }) {
                figures.crossovers += 1
                continue
            }
            guard let first = own.map(\.at).min(), let variant = own.first?.variant else { continue }
            let bought = counted.filter { $0.visitor == visitor && $0.at >= first }
            let one = TestFigures.Variant(
                visitors: 1, conversions: bought.isEmpty ? 0 : 1,
                revenue: Money(unscaled: bought.reduce(0) { $0 + $1.amount }))
            let path: WritableKeyPath<TestFigures, TestFigures.Variant> = variant == "A" ? \.a : \.b
            figures[keyPath: path].visitors += one.visitors
            figures[keyPath: path].conversions += one.conversions
            figures[keyPath: path].revenue = figures[keyPath: path].revenue + one.revenue
        }
        return figures
    }
}
