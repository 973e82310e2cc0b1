import ControlStore
import EventModel
import Statistics
import Warehouse

/// One record of a project: what `funnel:live` and `funnel:daily:{date}` hold, and its summary.
struct FunnelRecord {
    /// A test with its numbers and what they mean.
    struct Test {
        var planned: ABTest
        var figures: TestFigures
        var verdict: TestVerdict
    }

    var window: RecordWindow
    var figures: OwnFigures
    /// Nil where no test ran.
    var test: Test?
    var sources: RecordSources
    var updatedAt: Timestamp

    var json: String {
        Value.object(
            ("date", .text(window.date.description)), ("summary", summary), ("variants", variants),
            ("engagement", engagement),
            (
                "heatmap",
                .object(
                    ("ctaClicks", .count(figures.counts.ctaClicks)),
                    ("formInteractions", .count(figures.counts.formInteractions)))
            ),
            ("lastUpdated", .text(updatedAt.wholeSecondsText)), ("sources", sources.json), ("statistics", statistics)
        ).json
    }

    /// `funnel:summary:{date}`.
    var summaryJSON: String {
        Value.object(
            ("date", .text(window.date.description)), ("totalVisitors", .count(figures.counts.visitors)),
            ("totalConversions", .count(figures.counts.conversions)), ("totalRevenue", .money(figures.revenue.total)),
            ("winner", winner), ("confidence", .rounded(test?.verdict.test?.confidenceLevel, 1))
        ).json
    }

    private var winner: Value { .text((test?.verdict.winner ?? .none).rawValue) }

    private var summary: Value {
        let counts = figures.counts
        return .object(
            ("totalVisitors", .count(counts.visitors)), ("totalConversions", .count(counts.conversions)),
            ("totalRevenue", .money(figures.revenue.total)),
            ("overallConversionRate", .rounded(ratio(counts.conversions, counts.visitors), 3)),
            ("testDuration", .count(test.map { Int((window.end - $0.planned.began) / .seconds(86_400)) })),
            ("confidenceLevel", .rounded(test?.verdict.test?.confidenceLevel, 1)), ("winner", winner),
            ("improvement", improvement))
    }

    private var improvement: Value {
        guard let improvement = test?.verdict.improvement else { return .null }
        let tenths = (improvement * 1_000).rounded()
        guard abs(tenths) < 1e15 else { return .null }
        let size = Int64(abs(tenths))
        return .text("\(tenths < 0 ? "-" : "+")\(size / 10).\(size % 10)%")
    }

    private var variants: Value {
        guard let test else { return .structure([]) }
        let assigned = test.figures.a.visitors + test.figures.b.visitors
        func variant(_ figures: TestFigures.Variant) -> Value {
            .object(
                ("visitors", .count(figures.visitors)), ("conversions", .count(figures.conversions)),
                ("conversionRate", .rounded(ratio(figures.conversions, figures.visitors), 3)),
                ("revenue", .money(figures.revenue)),
                ("trafficAllocation", .rounded(ratio(figures.visitors, assigned).map { $0 * 100 }, 1)))
        }
        return .object(("A", variant(test.figures.a)), ("B", variant(test.figures.b)))
    }

    private var engagement: Value {
        let sessions = figures.sessions
        let depth = ratio(sessions.depthMillionths, sessions.scrolled).map { $0 / 1_000_000 }
        return .object(
            ("averageSessionDuration", .rounded(ratio(sessions.seconds, sessions.sessions), 0)),
            ("bounceRate", .rounded(ratio(sessions.bounces, sessions.sessions), 3)),
            ("rageClicks", .count(figures.counts.rageClicks)), ("scrollDepth", .rounded(depth, 3)))
    }

    private var statistics: Value {
        guard let test else { return .null }
        let verdict = test.verdict
        return .object(
            ("test_id", .text(test.planned.testID)), ("source", .text("own")),
            ("rates", .object(("A", rate(verdict.a)), ("B", rate(verdict.b)))),
            ("z", .rounded(verdict.test?.z, 2)), ("p", .probability(verdict.test?.p)),
            ("always_valid_p", .probability(verdict.alwaysValidP)),
            ("probability_b_beats_a", .rounded(verdict.probabilityBBeatsA, 3)),
            ("sample_ratio_p", .probability(verdict.sampleRatioP)), ("crossovers", .count(test.figures.crossovers)),
            ("visitors_needed_per_variant", .count(verdict.visitorsNeeded)), ("reason", .text(verdict.reason)))
    }

    private func rate(_ proportion: Proportion) -> Value {
        let interval = wilson(proportion)
        return .object(
            ("rate", .rounded(proportion.rate, 3)), ("low", .rounded(interval?.low, 4)),
            ("high", .rounded(interval?.high, 4)))
    }
}

private func ratio(_ part: Int, _ whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
