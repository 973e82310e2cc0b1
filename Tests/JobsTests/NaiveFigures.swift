import EventModel
import Warehouse

@testable import Jobs

/// The numbers of a window once more, event by event and without SQL: what the real ones are checked against.
struct NaiveFigures {
    let events: [StoredEvent]
    let currency = "USD"
    let conversionEvent = "purchase"
    let ctaComponents: Set<String>

    private static let behaviour: Set<String> = [
        "click", "scroll", "hover", "rage_click", "hesitation", "form_start", "form_abandon", "form_submit", "error",
        "page_view", "time_on_element", "scroll_depth",
    ]

    func figures(from start: Timestamp, to end: Timestamp) -> OwnFigures {
        let humans = events.filter { !$0.event.isBot }
        let inside = humans.filter { $0.event.timestamp >= start && $0.event.timestamp < end }
        var figures = OwnFigures()
        figures.counts.visitors = Set(inside.compactMap(visitor)).count
        figures.counts.conversions =
            Set(inside.filter { $0.event.eventType == conversionEvent }.compactMap(visitor)).count
        for row in inside {
            switch row.event.eventType {
            case "rage_click": figures.counts.rageClicks += 1
            case "form_start", "form_submit", "form_abandon": figures.counts.formInteractions += 1
            case "click":
                let named = row.event.componentID.map(ctaComponents.contains) ?? false
                if named || row.event.eventData.contains("\"cta\":true") { figures.counts.ctaClicks += 1 }
            default: break
            }
        }
        figures.revenue = revenue(of: inside)
        figures.sessions = sessions(of: humans, from: start, to: end)
        return figures
    }

    func visitor(_ row: StoredEvent) -> String? { row.event.userID ?? row.sessionID }

    func property(_ name: String, _ row: StoredEvent) -> String? {
        row.event.properties.last { $0.name == name }.map(\.value)
    }

    /// Ten-thousandths; the tests write amounts with at most two decimals.
    func amount(_ row: StoredEvent) -> Int128? {
        property("revenue", row).flatMap(Double.init).map { Int128(($0 * 100).rounded()) * 100 }
    }

    func inOrder(_ rows: [StoredEvent]) -> [StoredEvent] {
        rows.sorted { ($0.event.timestamp, $0.sequence) < ($1.event.timestamp, $1.sequence) }
    }

    private func revenue(of inside: [StoredEvent]) -> WindowRevenue {
        var answer = WindowRevenue()
        var ownOrders: Set<String> = []
        var otherOrders: Set<String> = []
        for row in inOrder(inside) where row.event.eventType == conversionEvent {
            guard let amount = amount(row) else { continue }
            let isOwn = (property("currency", row) ?? currency) == currency
            if let order = property("order_id", row) {
                let isNew = isOwn ? ownOrders.insert(order).inserted : otherOrders.insert(order).inserted
                if !isNew { continue }
            }
            if isOwn { answer.total.unscaled += amount } else { answer.otherCurrencies += 1 }
        }
        return answer
    }

    private func sessions(of humans: [StoredEvent], from start: Timestamp, to end: Timestamp) -> WindowSessions {
        var answer = WindowSessions()
        var bySession: [String: [StoredEvent]] = [:]
        for row in humans { if let session = row.sessionID { bySession[session, default: []].append(row) } }
        for rows in bySession.values {
            let times = rows.map(\.event.timestamp).sorted()
            guard let first = times.first, let last = times.last, first >= start, first < end else { continue }
            answer.sessions += 1
            answer.seconds += Int((last.milliseconds - first.milliseconds) / 1_000)
            let views = rows.filter { $0.event.eventType == "page_view" }.count
            if views <= 1, !rows.contains(where: isInteraction) { answer.bounces += 1 }
            let depths = rows.filter { $0.event.eventType == "scroll" || $0.event.eventType == "scroll_depth" }
                .compactMap(\.event.scrollPercentage)
            if let deepest = depths.max() {
                answer.scrolled += 1
                answer.depthMillionths += Int((deepest * 10_000).rounded())
            }
        }
        return answer
    }

    private func isInteraction(_ row: StoredEvent) -> Bool {
        switch row.event.eventType {
        case "click", "rage_click", "form_start", "form_submit", "form_abandon": true
        case "scroll", "scroll_depth": (row.event.scrollPercentage ?? 0) >= 25
        case let name: !Self.behaviour.contains(name)
        }
    }
}
