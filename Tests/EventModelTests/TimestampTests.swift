import EventModel
import Foundation
import Testing

@Suite struct TimestampTests {
    private static func foundation(_ time: Timestamp) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter.string(from: Date(timeIntervalSince1970: Double(time.milliseconds) / 1_000))
    }

    @Test func `the text is what Foundation writes, from 1900 to 2200`() {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<5_000 {
            let time = Timestamp(
                milliseconds: Int64.random(in: -2_208_988_800_000...7_258_118_400_000, using: &generator))
            #expect(time.description == Self.foundation(time))
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test(arguments: [
        ("2025-01-01T12:00:00Z", 1_735_732_800_000),
        ("2025-01-01T12:00:00.5Z", 1_735_732_800_500),
        ("2025-01-01T12:00:00.123456789Z", 1_735_732_800_123),
        ("2025-01-01T14:00:00+02:00", 1_735_732_800_000),
        ("2025-01-01T14:00:00+0200", 1_735_732_800_000),
        ("2025-01-01T07:30-04:30", 1_735_732_800_000),
        ("2025-01-01 12:00:00z", 1_735_732_800_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ])
    func `ISO 8601 is read in its usual forms`(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2025-01-01", "2025-01-01T12:00:00", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z",
        "2025-01-01T24:00:00Z", "2025-01-01T12:60:00Z", "2025-01-01T12:00:61Z", "2025-01-01T12:00:00.Z",
        "2025-01-01T12:00:00.1234567890Z", "2025-01-01T12:00:00Zx", "2025-01-00T12:00:00Z", "25-01-01T12:00:00Z",
        "2025-01-01T12:00:00+24:00", "+025-01-01T12:00:00Z", "2025-01-01T12:00:00 Z", "\u{660}025-01-01T00:00:00Z",
    ])
    func `other texts are refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `a day begins and ends at midnight, before 1970 too`() {
        for number: Int64 in [-20_000, -1, 0, 1, 19_000, 40_000] {
            let day = Day(number: number)
            #expect(day.start.day == day)
            #expect(Timestamp(milliseconds: day.end.milliseconds - 1).day == day)
            #expect(day.end.day == day.advanced(by: 1))
            #expect(Day(day.description) == day)
        }
        #expect(Day("2025-02-30") == nil)
    }
}

/// A small seeded generator, so that a failure can be seen again. Source: Steele, Lea, Flood, "Fast Splittable
/// Pseudorandom Number Generators" (2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
