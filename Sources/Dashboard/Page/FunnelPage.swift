import API
import ControlStore
import EventModel

/// The first page of the dashboard: one project's numbers, whole without JavaScript.
struct FunnelPage: Sendable {
    let project: Project
    let projects: [Project]
    let record: FunnelRecord?
    /// Whether the record is that of a past day, because the live one has expired.
    let isStale: Bool
    /// When the record was written.
    let asOf: Timestamp?
    /// Oldest first.
    let history: [DaySummary]
    let loader: LoaderStatus?
    let now: Timestamp
    let version: String

    /// The whole document.
    func html() -> String {
        Markup.document(
            tag("html", ["lang": "en"]) {
                head()
                tag("body") {
                    tag("a", ["class": "skip", "href": "#main"]) { "Skip to the numbers" }
                    header()
                    tag(
                        "main",
                        [
                            "id": "main", "data-project": project.projectID.rawValue,
                            "data-record": record?.lastUpdated,
                        ]
                    ) {
                        title()
                        notices()
                        liveSection()
                        variantsSection()
                        engagementSection()
                        historySection()
                        sourcesSection()
                    }
                    footer()
                }
            })
    }

    private func head() -> Markup {
        tag("head") {
            tag("meta", ["charset": "utf-8"])
            tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
            tag("meta", ["name": "color-scheme", "content": "light dark"])
            tag("meta", ["name": "robots", "content": "noindex"])
            tag("title") { "\(project.name) – Funnel – Millrace" }
            tag("link", ["rel": "icon", "href": "data:,"])
            tag("link", ["rel": "stylesheet", "href": Assets.style.address])
            tag("script", ["src": Assets.script.address, "defer": ""])
        }
    }

    private func header() -> Markup {
        tag("header", ["class": "bar"]) {
            tag("div", ["class": "inner"]) {
                tag("span", ["class": "brand"]) {
                    tag("svg", ["viewBox": "0 0 24 24", "width": "22", "height": "22", "aria-hidden": "true"]) {
                        tag("path", ["class": "wave", "d": "M2 8.500c3.300-3 6.700-3 10 0s6.700 3 10 0"])
                        tag("path", ["class": "wave", "d": "M2 15.500c3.300-3 6.700-3 10 0s6.700 3 10 0"])
                    }
                    "Millrace"
                }
                projectChoice()
            }
        }
    }

    /// A form that works by itself; with one project there is nothing to choose.
    private func projectChoice() -> Markup {
        guard projects.count > 1 else { return Markup() }
        return tag("form", ["class": "choice", "method": "get"]) {
            tag("label", ["for": "project"]) { "Project" }
            tag("select", ["id": "project", "name": "project_id"]) {
                for other in projects {
                    tag(
                        "option",
                        [
                            "value": other.projectID.rawValue,
                            "selected": other.projectID == project.projectID ? "" : nil,
                        ]
                    ) { other.name }
                }
            }
            tag("button", ["type": "submit"]) { "Show" }
        }
    }

    private func title() -> Markup {
        tag("div", ["class": "title"]) {
            tag("h1") { project.name }
            tag("p", ["class": "asof"]) {
                tag("span", ["data-live": "asof"]) { asOfText }
                if let lag = lagText {
                    tag("span", ["class": "lag"]) { lag }
                }
            }
        }
    }

    /// What the numbers are of, and how old they are.
    var asOfText: String {
        guard let asOf else { return "No numbers yet" }
        let window = isStale ? "The UTC day \(record?.date ?? "before")" : "The last 24 hours"
        return "\(window), as of \(Figures.moment(asOf)) (\(Figures.ago(now - asOf)))"
    }

    private var lagText: String? {
        guard let loader else { return nil }
        if let written = loader.updatedAt.flatMap({ Timestamp($0) }), now - written > .seconds(120) {
            return "Loader silent since \(Figures.moment(written))"
        }
        guard let lag = loader.lagSeconds else { return nil }
        if lag < 5 { return "Loading is up to date" }
        return Figures.seconds(lag).map { "Loading is \($0) behind" }
    }

    private func notices() -> Markup {
        tag("div", ["id": "notice", "role": "status"]) {
            if record == nil {
                tag("p", ["class": "notice"]) {
                    "There are no numbers of this project yet. They come with the first aggregation, every twelve "
                    "hours, or at once with "
                    tag("code") { "millrace jobs run aggregate" }
                    "."
                }
            } else if isStale {
                tag("p", ["class": "notice warn"]) {
                    tag("strong") { "These numbers are old. " }
                    "The live record has expired, because no aggregation ended well for twelve hours; what you see "
                    "is the newest whole day. "
                    tag("code") { "millrace jobs list --kind aggregate" }
                    " says why."
                }
            }
        }
    }

    private func footer() -> Markup {
        tag("footer", ["class": "bar"]) {
            tag("div", ["class": "inner"]) {
                tag("span") { "Millrace \(version)" }
                tag("span") { "All times are UTC." }
            }
        }
    }
}

extension FunnelPage {
    /// A section with its heading, which names it for screen readers.
    func section(
        _ id: String, _ heading: String, wide: Bool = true, @MarkupBuilder _ content: () -> Markup
    ) -> Markup {
        tag("section", ["class": wide ? "panel" : "panel half", "aria-labelledby": id]) {
            tag("h2", ["id": id]) { heading }
            content()
        }
    }

    /// The text, or a dash that is read as "not known".
    func known(_ text: String?) -> Markup {
        guard let text else {
            return Markup([
                tag("span", ["aria-hidden": "true", "class": "unknown"]) { "–" },
                tag("span", ["class": "unseen"]) { "not known" },
            ])
        }
        return Markup(text: text)
    }
}
