import EventModel
import GRDB
import Testing

@testable import Loading

@Suite struct PartTests {
    let noon = LoadingSite.noon

    private func step(
        _ site: LoadingSite, _ order: Int64, at time: Timestamp, session: String? = "s_1", funnel: String = "buy"
    ) -> Event {
        site.event(at: time, session: session) { event in
            event.funnel = Event.FunnelStep(name: funnel, step: "step \(order)", order: order)
            event.componentID = "hero"
        }
    }

    private func steps(_ site: LoadingSite) throws -> [Row] {
        try site.rows("SELECT * FROM conversion_funnels ORDER BY funnel_name, step_order")
    }

    @Test func `a step ends when the session enters the next one of its funnel`() throws {
        try withSite { site in
            try site.load([step(site, 1, at: noon)])
            try site.load([
                step(site, 2, at: noon + .milliseconds(65_700)), step(site, 5, at: noon + 9, funnel: "other"),
            ])
            let rows = try steps(site)
            #expect(rows[0]["exited_at"] == (noon + .milliseconds(65_700)).description)
            #expect(rows[0]["duration_seconds"] == 65)
            #expect(rows[0]["component_id"] == "hero")
            #expect(rows[0]["step_name"] == "step 1")
            #expect(rows[1]["exited_at"] == nil)
            #expect(rows[1]["dropoff_reason"] == nil)
        }
    }

    @Test func `the earliest entry of a step counts, whenever it arrives`() throws {
        try withSite { site in
            try site.load([step(site, 1, at: noon + 3), step(site, 1, at: noon + 2)])
            try site.load([step(site, 1, at: noon)])
            try site.load([step(site, 1, at: noon + 9)])
            let rows = try steps(site)
            #expect(rows.count == 1)
            #expect(rows[0]["entered_at"] == noon.description)
        }
    }

    @Test func `the last step drops off with the session's exit reason, and not while the session goes on`() throws {
        try withSite { site in
            try site.load([
                step(site, 1, at: noon), step(site, 2, at: noon + 1),
                site.event(at: noon + 2, session: "s_1") { $0.exit = Event.Exit(page: nil, reason: .close) },
            ])
            #expect(try steps(site).map { $0["dropoff_reason"] as String? } == [nil, "close"])
            try site.load([site.event(at: noon + 3, session: "s_1")])
            #expect(try steps(site).map { $0["dropoff_reason"] as String? } == [nil, nil])
            site.clock.advance(by: .seconds(7_200))
            _ = try site.loader().timeOutSessions()
            #expect(try steps(site).map { $0["dropoff_reason"] as String? } == [nil, "timeout"])
        }
    }

    @Test func `a broken step is a dead letter, and its event is kept`() throws {
        try withSite { site in
            try site.load([
                step(site, 1_001, at: noon), step(site, 1, at: noon, session: nil),
                step(site, 1, at: noon, funnel: ""), step(site, -1, at: noon),
            ])
            #expect(try site.events().count == 4)
            #expect(try steps(site).isEmpty)
            let letters = try site.rows("SELECT * FROM dead_letters ORDER BY sequence")
            #expect(letters.map { $0["kind"] as String } == Array(repeating: "funnel_step", count: 4))
            #expect(letters.first?["reason"] == "funnel.order must be 0 to 1000, not 1001")
            #expect(try site.counter("dead_letter") == 4)
        }
    }

    private func assignment(_ site: LoadingSite) throws -> Row? {
        try site.row("SELECT *, json_extract(metadata, '$.conflicts') AS conflicts FROM variant_assignments")
    }

    private func variant(
        _ site: LoadingSite, _ name: String, at time: Timestamp, test: String = "hero", session: String = "s_1"
    ) -> Event {
        site.event(at: time, session: session) { $0.variant = Event.Variant(testID: test, variant: name) }
    }

    @Test func `a session has the variant of its earliest event, and conflicts are counted`() throws {
        try withSite { site in
            try site.createTest("hero")
            try site.load([
                variant(site, "A", at: noon + 1), variant(site, "B", at: noon + 2), variant(site, "A", at: noon + 3),
            ])
            var row = try #require(try assignment(site))
            #expect(row["variant"] == "A")
            #expect(row["assigned_at"] == (noon + 1).description)
            #expect(row["conflicts"] == 1)
            try site.load([variant(site, "B", at: noon)])
            row = try #require(try assignment(site))
            #expect(row["variant"] == "B")
            #expect(row["assigned_at"] == noon.description)
            #expect(row["conflicts"] == 2)
            #expect(try site.count("SELECT count(*) FROM dead_letters") == 0)
        }
    }

    @Test(arguments: ["paused", "completed", "archived"])
    func `a test that is not active assigns nobody new, and keeps those it has`(state: String) throws {
        try withSite { site in
            try site.createTest("hero")
            try site.load([variant(site, "A", at: noon)])
            try site.store.write {
                try $0.database.execute(sql: "UPDATE a_b_tests SET status = ?", arguments: [state])
            }
            try site.load([variant(site, "B", at: noon, session: "s_2"), variant(site, "B", at: noon + 1)])
            let rows = try site.rows("SELECT * FROM variant_assignments")
            #expect(rows.count == 1)
            #expect(rows.first?["variant"] == "A")
            #expect(try site.count("SELECT count(*) FROM dead_letters") == 0)
        }
    }

    @Test func `the variant of an unknown test is a dead letter, and its event is kept`() throws {
        try withSite { site in
            try site.load([variant(site, "A", at: noon, test: "nobody")])
            #expect(try site.events().count == 1)
            #expect(try site.session("s_1") != nil)
            let letter = try #require(try site.row("SELECT * FROM dead_letters"))
            #expect(letter["kind"] == "variant")
            #expect(letter["reason"] == "there is no A/B test nobody; create it with `millrace test create`")
            #expect(letter["project_id"] == site.project.rawValue)
        }
    }

    @Test func `a record that cannot be read, or names no project, is kept whole as a dead letter`() throws {
        try withSite { site in
            let lost = site.event(at: noon) { $0.projectID = ProjectID(rawValue: "proj_ffffffffffff") }
            try site.send(records: [[9, 9, 9], lost.encoded(), site.event(at: noon).encoded()])
            #expect(try site.loader().drain() == 1)
            let letters = try site.rows(
                "SELECT kind, json_extract(payload, '$.record') AS record FROM dead_letters ORDER BY sequence")
            #expect(letters.map { $0["kind"] as String } == ["record", "record"])
            #expect(letters[0]["record"] == "CQkJ")
            #expect(try site.counter("dead_letter", of: "") == 2)
            #expect(try site.events().count == 1)
        }
    }

    @Test func `event names beyond the most of a day are kept under (other), with the true name beside`() throws {
        try withSite { site in
            site.configuration.maxEventNames = 2
            try site.load([site.event("one", at: noon), site.event("two", at: noon)])
            try site.load([
                site.event("three", at: noon) { $0.metadata = "{\"a\":1}" }, site.event("one", at: noon),
                site.event("four \"4\"", at: noon), site.event("click", at: noon),
                site.event("three", at: noon + .seconds(86_400)),
            ])
            let events = try site.events().map(\.event)
            #expect(events.map(\.eventType) == ["one", "two", "(other)", "one", "(other)", "click", "three"])
            #expect(events[2].metadata == "{\"event_type\":\"three\",\"a\":1}")
            #expect(events[4].metadata == "{\"event_type\":\"four \\\"4\\\"\"}")
            #expect(try site.counter("other_name") == 2)
        }
    }
}
