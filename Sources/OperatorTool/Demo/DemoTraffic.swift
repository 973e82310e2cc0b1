import EventModel

/// Believable traffic of a small shop, determined by its seed and its moment: the same events, in the same order, to
/// the byte.
struct DemoTraffic: Sendable {
    /// No event lies within this of the ends of the 24 hours that end now: what is counted a while later is the same.
    static let margin: Duration = .seconds(2 * 3_600)
    /// No session begins later than this before now: none reaches into the future.
    static let lastStart: Duration = .seconds(40 * 60)
    /// More days than this cannot be sent: events are kept for 90.
    static let maximumDays = 80

    let seed: UInt64
    let visitors: Int
    let days: Int
    let now: Timestamp
    let conversionEvent: String
    var shareOfA = 0.5
    var testID = DemoShop.testID

    /// The beginning of the 24 hours of `live`.
    var liveSince: Timestamp { now - .seconds(86_400) }

    /// The first moment at which anything happens.
    var begin: Timestamp { now - .seconds(86_400 * days) + Self.margin }

    /// Where sessions may begin: in the last 24 hours, and before them.
    private var newestStarts: ClosedRange<Int64> {
        (liveSince + Self.margin).milliseconds...(now - Self.lastStart).milliseconds
    }

    private var olderStarts: ClosedRange<Int64>? {
        let end = (liveSince - Self.margin).milliseconds
        return days > 1 ? begin.milliseconds...end : nil
    }

    /// Makes every visitor's events, one visitor after the other, each visitor's in the order of time; `body` gets
    /// each event after it was counted. Returns what they add up to.
    func generate(_ body: (Event) throws -> Void) rethrows -> DemoTotals {
        var totals = DemoTotals(liveSince: liveSince, conversionEvent: conversionEvent)
        for number in 0..<visitors {
            var visitor = DemoVisitor(number: number, traffic: self)
            totals.beginVisitor()
            for event in visitor.events() {
                totals.add(event)
                try body(event)
            }
        }
        return totals
    }

    /// When a session begins, more often in busy hours; and until when another one may.
    func start(_ generator: inout SplitMix64) -> (time: Timestamp, lastStart: Timestamp) {
        var range = newestStarts
        if let older = olderStarts, generator.fraction() * Double(days) >= 1 { range = older }
        var milliseconds = generator.integer(range)
        for _ in 0..<40 {
            let hour = Int((milliseconds / 3_600_000) % 24)
            if generator.chance(DemoShop.hours[hour]) { break }
            milliseconds = generator.integer(range)
        }
        return (Timestamp(milliseconds: milliseconds), Timestamp(milliseconds: range.upperBound))
    }
}
