import EventModel

/// A bar a day, drawn on the server. A day without a record is a gap; the numbers also stand in the table below, so
/// that the picture has one sentence for those who don't see it.
struct BarChart {
    private static let fewestDays: Int64 = 14
    private static let mostDays: Int64 = 30

    let title: String
    /// Oldest first.
    let days: [DaySummary]
    let value: KeyPath<DaySummary, Double?>
    let format: (Double?) -> String?

    func markup() -> Markup {
        let known = days.compactMap { summary in Day(summary.date).map { ($0, summary[keyPath: value]) } }
        guard let last = known.last?.0, let first = known.first?.0 else { return Markup() }
        let count = max(Self.fewestDays, min(Self.mostDays, last.number - first.number + 1))
        let start = last.advanced(by: 1 - count)
        let bars = known.compactMap { day, value in
            day < start ? nil : value.map { (day: day, value: max(0, $0)) }
        }
        let highest = bars.max { $0.value < $1.value }
        return tag("figure", ["class": "chart"]) {
            tag("figcaption") {
                tag("span") { title }
                tag("span", ["class": "peak"]) { highest.flatMap { format($0.value) }.map { "highest \($0)" } ?? "" }
            }
            picture(bars, start: start, count: count, highest: highest)
            tag("div", ["class": "ends", "aria-hidden": "true"]) {
                tag("span") { Figures.shortDay(start) }
                tag("span") { Figures.shortDay(last) }
            }
        }
    }

    private func picture(
        _ bars: [(day: Day, value: Double)], start: Day, count: Int64, highest: (day: Day, value: Double)?
    ) -> Markup {
        let peak = highest.map { "; highest \(format($0.value) ?? "") on \(Figures.shortDay($0.day))" } ?? ""
        let end = start.advanced(by: count - 1)
        let top = max(highest?.value ?? 0, .leastNonzeroMagnitude)
        return tag(
            "svg",
            [
                "viewBox": "0 0 \(count * 10) 100", "preserveAspectRatio": "none", "role": "img",
                "aria-label": "\(title), \(Figures.shortDay(start)) to \(Figures.shortDay(end))\(peak)",
            ]
        ) {
            for bar in bars {
                // A day with anything at all is seen.
                let height = bar.value == 0 ? 0 : max(1, Int((bar.value / top * 100).rounded()))
                tag(
                    "rect",
                    [
                        "class": "column", "x": "\((bar.day.number - start.number) * 10 + 1)",
                        "y": "\(100 - height)", "width": "8", "height": "\(height)",
                    ]
                ) {
                    tag("title") { "\(Figures.shortDay(bar.day)): \(format(bar.value) ?? "")" }
                }
            }
        }
    }
}
