import EventModel

/// The header `Date` (RFC 9110, 6.6.1) as a line, made once a second and not for each answer.
struct DateHeader {
    private var second = Int64.min
    /// Begins with the end of the line before.
    private(set) var line: [UInt8] = []

    init(_ now: Timestamp) { update(now) }

    mutating func update(_ now: Timestamp) {
        let current = now.milliseconds / 1_000
        guard current != second else { return }
        second = current
        line = Array("\r\nDate: \(Self.text(now))".utf8)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110, 5.6.7).
    static func text(_ time: Timestamp) -> String {
        let (day, seconds) = (time.day, (time.milliseconds - time.day.start.milliseconds) / 1_000)
        let (year, month, date) = day.calendar
        // 1970-01-01 was a Thursday.
        let weekday = weekdays[Int(((day.number + 4) % 7 + 7) % 7)]
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { twoDigits(Int($0)) }
        return "\(weekday), \(twoDigits(date)) \(months[month - 1]) \(year) \(clock.joined(separator: ":")) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
