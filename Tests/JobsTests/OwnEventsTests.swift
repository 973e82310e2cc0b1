import ControlStore
import EventModel
import TestKit
import Testing
import Warehouse

@testable import Jobs

struct OwnEventsTests {
    private func figures(_ site: Site, _ window: RecordWindow, cta: [String] = []) throws -> OwnFigures {
        let project = try #require(try site.store.read { try $0.project(site.project) })
        return try OwnEvents(
            store: site.store, warehouse: site.warehouse, dataDirectory: site.directory, project: project,
            conversionEvent: "purchase", ctaComponents: cta
        ).figures(of: window)
    }

    @Test(arguments: 1...12) func `random events give the numbers of a naive computation`(seed: Int) throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            var random = SeededGenerator(seed: UInt64(seed))
            addRandomEvents(to: site, using: &random)
            try site.load()
            let naive = NaiveFigures(events: site.events, ctaComponents: ["hero", "buy \"now\""])
            let days = (-3...0).map { RecordWindow.daily(Site.slot.day.advanced(by: $0)) }
            for window in days + [.live(at: Site.slot), .live(at: Site.slot.hours(-9))] {
                let real = try figures(site, window, cta: ["hero", "buy \"now\""])
                #expect(real == naive.figures(from: window.start, to: window.end), "\(window)")
            }
        }
    }

    private func addRandomEvents(to site: Site, using random: inout SeededGenerator) {
        let types = [
            "page_view", "page_view", "click", "click", "scroll_depth", "scroll", "rage_click", "hesitation", "error",
            "form_start", "form_submit", "form_abandon", "hover", "time_on_element", "add_to_cart", "purchase",
            "purchase",
        ]
        for _ in 0..<Int.random(in: 20...160, using: &random) {
            let user = "user \(Int.random(in: 0..<8, using: &random))"
            let time = Site.slot.seconds(-Double.random(in: 0..<260_000, using: &random))
            let session = "session \(user) \(time.milliseconds / 20_000_000)"
            let isPrivate = random.chance(0.05)
            let type = types.randomElement(using: &random) ?? "click"
            site.add(
                type, isPrivate || random.chance(0.1) ? nil : user,
                session: isPrivate || random.chance(0.1) ? nil : session, at: time
            ) { event in
                event.isPrivate = isPrivate
                event.isBot = random.chance(0.08)
                if type == "click" {
                    event.componentID = ["hero", "footer", "buy \"now\"", nil].randomElement(using: &random) ?? nil
                    event.eventData = random.chance(0.3) ? "{\"cta\":true,\"x\":1}" : "{\"cta\":false}"
                }
                if type == "scroll_depth" || type == "scroll" || random.chance(0.05) {
                    event.scrollPercentage = Double(Int.random(in: 0...100, using: &random))
                }
                if type == "purchase" { addProperties(to: &event, using: &random) }
            }
        }
    }

    private func addProperties(to event: inout Event, using random: inout SeededGenerator) {
        if random.chance(0.8) {
            let cents = Int.random(in: 1...99_999, using: &random)
            event.properties.append(.init(name: "revenue", value: "\(cents / 100).\(cents / 10 % 10)\(cents % 10)"))
        }
        if random.chance(0.5) {
            event.properties.append(.init(name: "order_id", value: "order \(Int.random(in: 0..<5, using: &random))"))
        }
        if random.chance(0.4) {
            event.properties.append(.init(name: "currency", value: random.chance(0.5) ? "USD" : "EUR"))
        }
    }

    @Test func `an order that is told twice counts once`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            site.buy("ann", at: Site.slot.hours(-2), "100.50", order: "o1")
            site.buy("ann", at: Site.slot.hours(-1), "100.50", order: "o1")
            site.buy("bob", at: Site.slot.hours(-1), "1")
            site.buy("bob", at: Site.slot.hours(-1), "1")
            try site.load()
            let figures = try figures(site, .live(at: Site.slot))
            #expect(figures.revenue.total == Money(unscaled: 1_025_000))
            #expect(figures.counts.conversions == 2)
        }
    }

    @Test func `another currency is left out and counted`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            site.buy("ann", at: Site.slot.hours(-2), "10", currency: "EUR")
            site.buy("bob", at: Site.slot.hours(-2), "20", currency: "usd")
            site.buy("bob", at: Site.slot.hours(-2), "30", currency: " ")
            try site.load()
            let figures = try figures(site, .live(at: Site.slot))
            #expect(figures.revenue.total == Money(unscaled: 500_000))
            #expect(figures.revenue.otherCurrencies == 1)
            let detail = RecordSources(own: figures, loadedTo: Site.slot, currency: "USD").own.detail
            #expect(detail == "1 conversion in another currency than USD left out of revenue")
        }
    }

    @Test func `the window's start is in it and its end is not`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            site.add("page_view", "first", at: Site.slot.hours(-24))
            site.add("page_view", "before", at: Site.slot.hours(-24).seconds(-0.001))
            site.add("page_view", "last", at: Site.slot.seconds(-0.001))
            site.add("page_view", "after", at: Site.slot)
            try site.load()
            #expect(try figures(site, .live(at: Site.slot)).counts.visitors == 2)
        }
    }

    @Test func `a session over midnight belongs to the day on which it began, with all of its events`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            let midnight = Site.slot.day.start
            site.add("page_view", "ann", session: "s", at: midnight.seconds(-60))
            site.add("click", "ann", session: "s", at: midnight.seconds(120))
            try site.load()
            let before = try figures(site, .daily(midnight.day.advanced(by: -1)))
            #expect(before.sessions.sessions == 1)
            #expect(before.sessions.seconds == 180)
            #expect(before.sessions.bounces == 0)
            #expect(try figures(site, .daily(midnight.day)).sessions.sessions == 0)
        }
    }

    @Test func `a session that the loader knows to be older did not begin in the window`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            site.add("page_view", "ann", session: "s", at: Site.slot.hours(-1))
            var row = try #require(site.events.first)
            row.sessionStartedAt = Site.slot.hours(-90)
            let path = directory + "/one.parquet"
            _ = try site.warehouse.write([row], to: path)
            let question = WindowQuestion(
                start: Site.slot.hours(-24), end: Site.slot, conversionEvent: "purchase", currency: "USD")
            #expect(try site.warehouse.sessions(question, files: [path]).sessions == 0)
        }
    }
}
