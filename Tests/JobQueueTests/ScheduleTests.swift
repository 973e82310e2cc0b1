import EventModel
import JobQueue
import Testing

@Suite struct ScheduleTests {
    static let halfDays = Schedule.every(hours: 12, catchUp: .every)
    static let nightly = Schedule.daily(hour: 2, minute: 0)

    func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test func `the newest slot is the last one that has passed`() throws {
        #expect(try Self.halfDays.newestSlot(at: time("2025-01-01T12:00:00Z")) == time("2025-01-01T12:00:00Z"))
        #expect(try Self.halfDays.newestSlot(at: time("2025-01-01T11:59:59.999Z")) == time("2025-01-01T00:00:00Z"))
        #expect(try Self.nightly.newestSlot(at: time("2025-01-01T01:59:00Z")) == time("2024-12-31T02:00:00Z"))
        #expect(try Self.nightly.newestSlot(at: time("2025-01-01T02:00:00Z")) == time("2025-01-01T02:00:00Z"))
        #expect(try Self.nightly.newestSlot(at: time("1969-12-31T01:00:00Z")) == time("1969-12-30T02:00:00Z"))
        #expect(try Self.nightly.nextSlot(after: time("2025-01-01T02:00:00Z")) == time("2025-01-02T02:00:00Z"))
    }

    @Test func `the first run makes up nothing`() throws {
        let due = Self.halfDays.slotsDue(after: nil, at: try time("2025-01-01T15:00:00Z"))
        #expect(due == [try time("2025-01-01T12:00:00Z")])
    }

    @Test func `every missed slot is made up, the oldest first`() throws {
        let due = Self.halfDays.slotsDue(after: try time("2024-12-31T00:00:00Z"), at: try time("2025-01-01T15:00:00Z"))
        #expect(
            due.map(\.wholeSecondsText) == ["2024-12-31T12:00:00Z", "2025-01-01T00:00:00Z", "2025-01-01T12:00:00Z"])
    }

    @Test func `others run once, whatever was missed`() throws {
        let due = Self.nightly.slotsDue(after: try time("2024-12-01T02:00:00Z"), at: try time("2025-01-01T15:00:00Z"))
        #expect(due == [try time("2025-01-01T02:00:00Z")])
    }

    @Test func `a slot that was queued is not due again`() throws {
        let planned = try time("2025-01-01T12:00:00Z")
        #expect(Self.halfDays.slotsDue(after: planned, at: planned + .seconds(60)) == [])
    }

    @Test func `a clock set back asks for its own slot alone`() throws {
        let due = Self.halfDays.slotsDue(after: try time("2025-01-02T12:00:00Z"), at: try time("2025-01-01T15:00:00Z"))
        #expect(due == [try time("2025-01-01T12:00:00Z")])
    }

    @Test func `a long absence is made up as far as the bound`() throws {
        let now = try time("2025-06-01T12:00:00Z")
        let due = Self.halfDays.slotsDue(after: try time("2024-01-01T00:00:00Z"), at: now)
        #expect(due.count == Schedule.maximumMissed + 1)
        #expect(due.last == now)
        #expect(due == due.sorted())
    }

    @Test func `a slot's text is its time to the minute, or the request's own`() throws {
        let id = JobID(rawValue: "job_0123456789ab")
        #expect(Slot.planned(try time("2025-01-01T12:00:59Z")).text(for: id) == "2025-01-01T12:00Z")
        #expect(Slot.request.text(for: id) == "manual:job_0123456789ab")
        #expect(Slot(text: "2025-01-01T12:00Z") == .planned(try time("2025-01-01T12:00:00Z")))
        #expect(Slot(text: "manual:job_0123456789ab")?.text(for: id) == "manual:job_0123456789ab")
        #expect(Slot(text: "noon") == nil)
        #expect(Slot(text: "") == nil)
    }
}
