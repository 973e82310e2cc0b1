extension FunnelPage {
    /// The four numbers, by the names under which the page's script refreshes them.
    var liveFigures: [(name: String, label: String, text: String?, before: String?)] {
        let summary = record?.summary
        let before = history.last
        let currency = project.currency
        return [
            ("visitors", "Visitors", Figures.count(summary?.totalVisitors), Figures.count(before?.totalVisitors)),
            (
                "conversions", "Conversions", Figures.count(summary?.totalConversions),
                Figures.count(before?.totalConversions)
            ),
            (
                "revenue", "Revenue", Figures.money(summary?.totalRevenue, currency: currency),
                Figures.money(before?.totalRevenue, currency: currency)
            ),
            (
                "rate", "Conversion rate", Figures.percent(summary?.overallConversionRate),
                Figures.percent(before?.conversionRate)
            ),
        ]
    }

    func liveSection() -> Markup {
        tag("section", ["class": "live", "aria-labelledby": "live"]) {
            tag("h2", ["id": "live", "class": "unseen"]) { "Live numbers" }
            tag("dl", ["class": "cards"]) {
                for figure in liveFigures {
                    tag("div", ["class": "card"]) {
                        tag("dt") { figure.label }
                        tag("dd", ["class": "big", "data-live": figure.name]) { known(figure.text) }
                        if let before = figure.before, let day = history.last?.date {
                            tag("dd", ["class": "before"]) { "\(before) on \(shortDay(day))" }
                        }
                    }
                }
            }
        }
    }

    func engagementSection() -> Markup {
        let engagement = record?.engagement
        let heatmap = record?.heatmap
        let figures: [(String, String?)] = [
            ("Average session", Figures.seconds(engagement?.averageSessionDuration)),
            ("Bounce rate", Figures.percent(engagement?.bounceRate)),
            ("Scroll depth", Figures.percent(engagement?.scrollDepth)),
            ("Rage clicks", Figures.count(engagement?.rageClicks)),
            ("Call-to-action clicks", Figures.count(heatmap?.ctaClicks)),
            ("Form interactions", Figures.count(heatmap?.formInteractions)),
        ]
        return section("engagement", "Engagement") {
            tag("dl", ["class": "facts"]) {
                for (label, text) in figures {
                    tag("div") {
                        tag("dt") { label }
                        tag("dd") { known(text) }
                    }
                }
            }
        }
    }
}
