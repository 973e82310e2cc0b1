import EventModel
import Warehouse

/// What one source said of a window, and how good that is.
struct SourceReport: Equatable {
    enum State: String { case ok, stale, failed, off }

    struct Totals: Equatable {
        var visitors: Int
        var conversions: Int
        var revenue: Money
        var sessions: Int
    }

    var state: State
    /// The time up to which its numbers stand; nil where it has none.
    var asOf: Timestamp?
    /// In words, what a reader must know beside the numbers.
    var detail: String?
    var totals: Totals?

    /// A source that is not configured.
    static let off = SourceReport(state: .off, asOf: nil, detail: nil, totals: nil)
}

/// The sources of one record, side by side. Every number is the own events' where the others are off.
struct RecordSources: Equatable {
    var own: SourceReport
    var ga4 = SourceReport.off
    var clarity = SourceReport.off

    /// Own events alone, loaded up to `moment`.
    init(own figures: OwnFigures, loadedTo moment: Timestamp, currency: String) {
        let others = figures.revenue.otherCurrencies
        own = SourceReport(
            state: .ok, asOf: moment,
            detail: others == 0
                ? nil
                : "\(others) conversion\(others == 1 ? "" : "s") in another currency than \(currency) left out of "
                    + "revenue",
            totals: .init(
                visitors: figures.counts.visitors, conversions: figures.counts.conversions,
                revenue: figures.revenue.total, sessions: figures.sessions.sessions))
    }

    var json: Value {
        .object(("own", own.json), ("ga4", ga4.json), ("clarity", clarity.json))
    }
}

extension SourceReport {
    fileprivate var json: Value {
        .object(
            ("state", .text(state.rawValue)), ("as_of", .text(asOf?.wholeSecondsText)), ("detail", .text(detail)),
            (
                "totals",
                totals.map {
                    .object(
                        ("visitors", .count($0.visitors)), ("conversions", .count($0.conversions)),
                        ("revenue", .money($0.revenue)), ("sessions", .count($0.sessions)))
                } ?? .null
            ))
    }
}
