/// A moment in UTC, to the millisecond.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds + duration.wholeMilliseconds)
    }

    package static func - (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds - duration.wholeMilliseconds)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }

    /// The UTC day that holds the moment.
    package var day: Day { Day(number: milliseconds.dividedDown(by: Day.milliseconds)) }
}

/// A day in UTC.
package struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The length of every UTC day: leap seconds are not counted.
    package static let milliseconds: Int64 = 86_400_000

    /// Whole days since 1970-01-01.
    package let number: Int64

    package init(number: Int64) { self.number = number }

    /// Reads `YYYY-MM-DD`; nil for any other text and for days no calendar has.
    package init?(_ text: String) {
        guard text.utf8.count == 10, let time = Timestamp("\(text)T00:00:00Z") else { return nil }
        self = time.day
    }

    /// The day's first moment.
    package var start: Timestamp { Timestamp(milliseconds: number * Self.milliseconds) }
    /// The first moment of the day after.
    package var end: Timestamp { Day(number: number + 1).start }

    package static func < (left: Day, right: Day) -> Bool { left.number < right.number }

    /// The day `days` later, or earlier where that is negative.
    package func advanced(by days: Int64) -> Day { Day(number: number + days) }

    /// Year, month (1–12) and day of the month in the proleptic Gregorian calendar.
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    package var calendar: (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = shifted.dividedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (Int(year), Int(month), Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1))
    }

    /// `YYYY-MM-DD`.
    package var description: String { String(start.description.prefix(10)) }
}

extension Duration {
    /// The duration in milliseconds, cut towards zero.
    package var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds, as a fraction.
    package var fractionalSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity, so that times before 1970 fall into the right day.
    func dividedDown(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
