extension FunnelPage {
    func variantsSection() -> Markup {
        let variants = (record?.variants ?? [:]).sorted { $0.key < $1.key }
        let name = record?.statistics?.testID
        return section("variants", name.map { "A/B test \($0)" } ?? "A/B test") {
            if variants.isEmpty {
                tag("p", ["class": "quiet"]) {
                    "No test is running. Create one with "
                    tag("code") { "millrace test create" }
                    "."
                }
            } else {
                verdict()
                tag("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Table of variants"]) {
                    variantsTable(variants)
                }
                testFacts()
            }
        }
    }

    /// Who won, or why nobody did, first.
    private func verdict() -> Markup {
        let winner = record?.summary?.winner
        let won = winner == "A" || winner == "B"
        return tag("p", ["class": won ? "verdict won" : "verdict"]) {
            tag("strong") { won ? "Variant \(winner ?? "") wins." : "No winner yet." }
            if let reason = record?.statistics?.reason {
                " \(Self.sentence(reason))"
            }
        }
    }

    private func variantsTable(_ variants: [(key: String, value: FunnelRecord.Variant)]) -> Markup {
        let rates = record?.statistics?.rates ?? [:]
        let widest = rates.values.compactMap(\.high).max() ?? 0
        return tag("table") {
            tag("caption", ["class": "unseen"]) { "Visitors, conversions and conversion rate of each variant" }
            tag("thead") {
                tag("tr") {
                    tag("th", ["scope": "col"]) { "Variant" }
                    for heading in ["Visitors", "Share", "Conversions", "Revenue", "Rate", "95% interval"] {
                        tag("th", ["scope": "col", "class": "number"]) { heading }
                    }
                    tag("td", ["class": "plot"])
                }
            }
            tag("tbody") {
                for (name, variant) in variants { variantRow(name, variant, rates[name], widest: widest) }
            }
        }
    }

    private func variantRow(
        _ name: String, _ variant: FunnelRecord.Variant, _ rate: FunnelRecord.Rate?, widest: Double
    ) -> Markup {
        let cells = [
            Figures.count(variant.visitors), Figures.percent(variant.trafficAllocation.map { $0 / 100 }),
            Figures.count(variant.conversions), Figures.money(variant.revenue, currency: project.currency),
            Figures.percent(rate?.rate ?? variant.conversionRate), Figures.interval(rate?.low, rate?.high),
        ]
        return tag("tr") {
            tag("th", ["scope": "row"]) {
                tag("span", ["class": name == "B" ? "mark b" : "mark a"]) { name }
            }
            for cell in cells { tag("td", ["class": "number"]) { known(cell) } }
            tag("td", ["class": "plot"]) { intervalPlot(rate, widest: widest, isB: name == "B") }
        }
    }

    /// The interval as a line with its rate as a dot, on the scale that all variants share. The table holds the same
    /// numbers, so that nobody needs to see it.
    private func intervalPlot(_ rate: FunnelRecord.Rate?, widest: Double, isB: Bool) -> Markup {
        guard let low = rate?.low, let high = rate?.high, let middle = rate?.rate, widest > 0 else { return Markup() }
        func place(_ value: Double) -> String {
            Figures.decimal(4 + 152 * max(0, min(1, value / widest)), digits: 1) ?? "4"
        }
        return tag("svg", ["viewBox": "0 0 160 16", "width": "160", "height": "16", "aria-hidden": "true"]) {
            tag("line", ["class": "axis", "x1": "4", "x2": "156", "y1": "8", "y2": "8"])
            tag(
                "line",
                ["class": isB ? "span b" : "span a", "x1": place(low), "x2": place(high), "y1": "8", "y2": "8"])
            tag("circle", ["class": isB ? "dot b" : "dot a", "cx": place(middle), "cy": "8", "r": "4"])
        }
    }

    private func testFacts() -> Markup {
        let statistics = record?.statistics
        let summary = record?.summary
        let facts: [(String, String?)] = [
            ("Confidence", summary?.confidenceLevel.flatMap { Figures.percent($0 / 100) }),
            ("Improvement of B over A", summary?.improvement),
            ("Probability that B beats A", Figures.percent(statistics?.probabilityBBeatsA)),
            ("p-value", Figures.probability(statistics?.p)),
            ("p-value, valid at every look", Figures.probability(statistics?.alwaysValidP)),
            ("p-value of the split", Figures.probability(statistics?.sampleRatioP)),
            ("Seen in both variants", Figures.count(statistics?.crossovers)),
            ("Visitors needed a variant", Figures.count(statistics?.visitorsNeeded)),
            ("Running for", summary?.testDuration.flatMap(Self.days)),
        ]
        return tag("dl", ["class": "facts"]) {
            for (label, text) in facts {
                tag("div") {
                    tag("dt") { label }
                    tag("dd") { known(text) }
                }
            }
        }
    }

    private static func days(_ count: Double) -> String? {
        Figures.count(count).map { "\($0) day\(count == 1 ? "" : "s")" }
    }

    /// With a capital first letter and a full stop.
    private static func sentence(_ text: String) -> String {
        let whole = text.prefix(1).uppercased() + text.dropFirst()
        return whole.hasSuffix(".") ? whole : whole + "."
    }
}
