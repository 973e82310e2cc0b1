import EventModel

extension FunnelPage {
    func sourcesSection() -> Markup {
        let sources = record?.sources ?? [:]
        let order = ["own", "ga4", "clarity"]
        let names = order.filter { sources[$0] != nil } + sources.keys.filter { !order.contains($0) }.sorted()
        return section("sources", "Sources") {
            if names.isEmpty {
                tag("p", ["class": "quiet"]) { "The record names no sources." }
            } else {
                tag("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Table of sources"]) {
                    tag("table") {
                        tag("caption", ["class": "unseen"]) { "What each source counted in the same window" }
                        tag("thead") {
                            tag("tr") {
                                tag("th", ["scope": "col"]) { "Source" }
                                tag("th", ["scope": "col"]) { "State" }
                                for heading in ["Visitors", "Sessions", "Conversions", "Revenue"] {
                                    tag("th", ["scope": "col", "class": "number"]) { heading }
                                }
                                tag("th", ["scope": "col"]) { "As of" }
                            }
                        }
                        tag("tbody") {
                            for name in names {
                                if let source = sources[name] { sourceRows(name, source) }
                            }
                        }
                    }
                }
            }
        }
    }

    private func sourceRows(_ name: String, _ source: FunnelRecord.Source) -> Markup {
        let totals = source.totals
        let cells = [
            Figures.count(totals?.visitors), Figures.count(totals?.sessions), Figures.count(totals?.conversions),
            Figures.money(totals?.revenue, currency: project.currency),
        ]
        return tag("tr") {
            tag("th", ["scope": "row"]) {
                Self.title(of: name)
                if let detail = source.detail {
                    tag("span", ["class": "detail"]) { detail }
                }
            }
            tag("td") {
                tag("span", ["class": Self.stateClass(source.state)]) { source.state ?? "unknown" }
            }
            for cell in cells { tag("td", ["class": "number"]) { known(source.state == "off" ? "" : cell) } }
            tag("td") { known(source.state == "off" ? "" : source.asOf.flatMap { Timestamp($0) }.map(Figures.moment)) }
        }
    }

    private static func title(of source: String) -> String {
        switch source {
        case "own": "Own events"
        case "ga4": "Google Analytics 4"
        case "clarity": "Microsoft Clarity"
        default: source
        }
    }

    private static func stateClass(_ state: String?) -> String {
        switch state {
        case "ok": "state ok"
        case "stale": "state stale"
        case "failed": "state failed"
        default: "state off"
        }
    }
}
