import EventModel
import Testing

@testable import Jobs

struct RecordWindowTests {
    @Test func `live is the 24 hours to the slot, dated by their end`() {
        let window = RecordWindow.live(at: Site.slot)
        #expect(window.start == Timestamp("2024-12-31T12:00:00Z"))
        #expect(window.end == Site.slot)
        #expect(window.date.description == "2025-01-01")
    }

    @Test(arguments: ["2025-01-01T00:00:00Z", "2025-01-01T12:00:00Z", "2025-01-01T23:59:59.999Z"])
    func `the last seven finished days are always written`(text: String) throws {
        let days = RecordWindow.days(at: try #require(Timestamp(text))) { _ in false }
        #expect(days.map(\.description) == (25...31).map { "2024-12-\($0)" })
    }

    @Test func `days without a record are made up for thirty days, the oldest first`() {
        var asked: [Day] = []
        let days = RecordWindow.days(at: Site.slot) { day in
            asked.append(day)
            return day.number % 2 == 0
        }
        #expect(asked.count == 23)
        #expect(asked.first?.description == "2024-12-02")
        #expect(days == days.sorted())
        #expect(days.count == 7 + asked.filter { $0.number % 2 == 0 }.count)
    }
}
