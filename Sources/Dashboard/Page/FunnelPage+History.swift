import EventModel

extension FunnelPage {
    /// Rows that stand open; older ones are behind a disclosure.
    private static let openRows = 14

    func historySection() -> Markup {
        let rows = Array(history.reversed())
        return section("history", "History") {
            if rows.isEmpty {
                tag("p", ["class": "quiet"]) { "The first day is here once it is over and aggregated." }
            } else {
                tag("div", ["class": "charts"]) {
                    for chart in charts { chart.markup() }
                }
                historyTable(Array(rows.prefix(Self.openRows)), caption: "The newest days")
                if rows.count > Self.openRows {
                    tag("details") {
                        tag("summary") { "\(rows.count - Self.openRows) earlier days" }
                        historyTable(Array(rows.dropFirst(Self.openRows)), caption: "Earlier days")
                    }
                }
            }
        }
    }

    private var charts: [BarChart] {
        let currency = project.currency
        return [
            BarChart(title: "Visitors a day", days: history, value: \.totalVisitors, format: Figures.count),
            BarChart(title: "Conversions a day", days: history, value: \.totalConversions, format: Figures.count),
            BarChart(title: "Revenue a day", days: history, value: \.totalRevenue) {
                Figures.money($0, currency: currency)
            },
        ]
    }

    private func historyTable(_ rows: [DaySummary], caption: String) -> Markup {
        tag("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption]) {
            tag("table") {
                tag("caption", ["class": "unseen"]) { caption }
                tag("thead") {
                    tag("tr") {
                        tag("th", ["scope": "col"]) { "Day" }
                        for heading in ["Visitors", "Conversions", "Rate", "Revenue", "Confidence"] {
                            tag("th", ["scope": "col", "class": "number"]) { heading }
                        }
                        tag("th", ["scope": "col"]) { "Winner" }
                    }
                }
                tag("tbody") {
                    for row in rows { historyRow(row) }
                }
            }
        }
    }

    private func historyRow(_ row: DaySummary) -> Markup {
        let cells = [
            Figures.count(row.totalVisitors), Figures.count(row.totalConversions), Figures.percent(row.conversionRate),
            Figures.money(row.totalRevenue, currency: project.currency),
            row.confidence.flatMap { Figures.percent($0 / 100) },
        ]
        return tag("tr") {
            tag("th", ["scope": "row"]) {
                tag("time", ["datetime": row.date]) { Day(row.date).map(Figures.day) ?? row.date }
            }
            for cell in cells { tag("td", ["class": "number"]) { known(cell) } }
            if let winner = row.winner, winner != "none" {
                tag("td") { winner }
            } else {
                tag("td", ["class": "quiet"]) { "none" }
            }
        }
    }

    /// `21 Nov` for `2026-11-21`; the text itself where it is no date.
    func shortDay(_ text: String) -> String { Day(text).map(Figures.shortDay) ?? text }
}
