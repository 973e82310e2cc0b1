import EventModel

/// The stretch of time that one record speaks of.
struct RecordWindow: Equatable {
    enum Kind: Equatable { case live, daily }

    /// Finished days younger than this are written again: events may come in late.
    static let alwaysDays: Int64 = 7
    /// Finished days younger than this are made up where they have no record.
    static let missingDays: Int64 = 30

    let kind: Kind
    /// The record's date.
    let date: Day
    /// Included.
    let start: Timestamp
    /// Not included.
    let end: Timestamp

    /// The 24 hours that end at `moment`.
    static func live(at moment: Timestamp) -> RecordWindow {
        RecordWindow(kind: .live, date: moment.day, start: moment - .seconds(86_400), end: moment)
    }

    static func daily(_ day: Day) -> RecordWindow {
        RecordWindow(kind: .daily, date: day, start: day.start, end: day.end)
    }

    /// The finished days to write at `moment`, the oldest first: each of the last seven, and of the last thirty those
    /// that `isWanted`. A day's age is counted from its end.
    static func days(at moment: Timestamp, isWanted: (Day) throws -> Bool) rethrows -> [Day] {
        try (1...missingDays).reversed().map { moment.day.advanced(by: -$0) }.filter { day in
            try moment.day.number - day.number <= alwaysDays || isWanted(day)
        }
    }
}
