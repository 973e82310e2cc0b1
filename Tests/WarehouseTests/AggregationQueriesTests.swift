import EventModel
import TestKit
import Testing

@testable import Warehouse

/// The aggregation's questions, on a few events whose answers can be told by looking.
struct AggregationQueriesTests {
    private static let start = Timestamp(milliseconds: 1_735_689_600_000)

    private func row(
        _ sequence: UInt64, _ type: String, _ user: String?, _ session: String?, seconds: Int64,
        edit: (inout Event) -> Void = { _ in }
    ) -> StoredEvent {
        let time = Self.start + .seconds(seconds)
        var event = Event(
            id: EventID(high: 1, low: sequence), projectID: ProjectID(rawValue: "proj_000000000001"), receivedAt: time,
            timestamp: time, eventType: type)
        event.userID = user
        edit(&event)
        return StoredEvent(event: event, sequence: sequence, sessionID: session, sessionStartedAt: nil)
    }

    private func buy(
        _ sequence: UInt64, _ user: String, seconds: Int64, _ properties: [(String, String)]
    ) -> StoredEvent {
        row(sequence, "purchase", user, nil, seconds: seconds) { event in
            event.properties = properties.map { .init(name: $0.0, value: $0.1) }
        }
    }

    private func withFile(_ rows: [StoredEvent], _ body: (DuckDBWarehouse, WindowQuestion, [String]) throws -> Void)
        throws
    {
        try withTemporaryDirectory { directory in
            let warehouse = try DuckDBWarehouse(library: DuckDBLibrary.locate())
            let path = directory + "/events.parquet"
            _ = try warehouse.write(rows, to: path)
            let question = WindowQuestion(
                start: Self.start, end: Self.start + .seconds(1_000), conversionEvent: "purchase", currency: "USD")
            try body(warehouse, question, [path])
        }
    }

    @Test func `counts are of visitors and events inside the window, without crawlers`() throws {
        let rows = [
            row(1, "page_view", "ann", "s1", seconds: 0), row(2, "purchase", "ann", "s1", seconds: 10),
            row(3, "page_view", nil, "s2", seconds: 20), row(4, "rage_click", nil, nil, seconds: 30),
            row(5, "page_view", "bot", "s3", seconds: 40) { $0.isBot = true },
            row(6, "page_view", "late", "s4", seconds: 1_000), row(7, "form_start", "ann", "s1", seconds: 50),
            row(8, "click", "ann", "s1", seconds: 60) { $0.eventData = "{\"cta\":true}" },
            row(9, "click", "ann", "s1", seconds: 61) { $0.componentID = "it's \"hero\"" },
            row(10, "click", "ann", "s1", seconds: 62),
            row(11, "hover", "ann", "s1", seconds: 63) { $0.componentID = "it's \"hero\"" },
        ]
        try withFile(rows) { warehouse, question, files in
            let counts = try warehouse.counts(question, ctaComponents: ["it's \"hero\""], files: files)
            #expect(counts.visitors == 2)
            #expect(counts.conversions == 1)
            #expect(counts.rageClicks == 1)
            #expect(counts.ctaClicks == 2)
            #expect(counts.formInteractions == 1)
            #expect(try warehouse.counts(question, ctaComponents: [], files: files).ctaClicks == 1)
            #expect(try warehouse.counts(question, ctaComponents: [], files: []) == WindowCounts())
        }
    }

    @Test func `revenue is exact, each order once, and other currencies apart`() throws {
        let rows = [
            buy(1, "ann", seconds: 1, [("revenue", "0.1"), ("order_id", "o")]),
            buy(2, "ann", seconds: 2, [("revenue", "0.1"), ("order_id", "o")]),
            buy(3, "bob", seconds: 3, [("revenue", "0.2"), ("currency", "usd")]),
            buy(4, "bob", seconds: 4, [("revenue", "5"), ("currency", "EUR"), ("order_id", "o")]),
            buy(5, "bob", seconds: 5, [("currency", "EUR")]),
        ]
        try withFile(rows) { warehouse, question, files in
            let revenue = try warehouse.revenue(question, files: files)
            #expect(revenue.total == Money(unscaled: 3_000))
            #expect(revenue.otherCurrencies == 1)
            let conversions = try warehouse.conversions(question, files: files)
            #expect(conversions.map(\.visitor) == ["ann", "ann", "bob", "bob", "bob"])
            #expect(conversions.map(\.revenue?.unscaled) == [1_000, nil, 2_000, nil, nil])
        }
    }

    @Test func `sessions are those that began in the window`() throws {
        let rows = [
            row(1, "page_view", "ann", "bounced", seconds: 10), row(2, "hover", "ann", "bounced", seconds: 12),
            row(3, "page_view", "bob", "read", seconds: 990),
            row(4, "scroll_depth", "bob", "read", seconds: 1_090) { $0.scrollPercentage = 75 },
            row(5, "page_view", "cat", "before", seconds: -5), row(6, "page_view", "cat", "before", seconds: 5),
        ]
        try withFile(rows) { warehouse, question, files in
            let sessions = try warehouse.sessions(question, files: files)
            #expect(sessions.sessions == 2)
            #expect(sessions.seconds == 102)
            #expect(sessions.bounces == 1)
            #expect(sessions.scrolled == 1)
            #expect(sessions.depthMillionths == 750_000)
        }
    }
}
