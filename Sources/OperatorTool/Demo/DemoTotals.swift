import EventModel

/// What demo traffic adds up to, counted while it is made. Visitors come one after the other, so that memory stays
/// flat.
struct DemoTotals: Sendable, Equatable {
    struct Counts: Sendable, Equatable {
        var visitors = 0
        var sessions = 0
        var conversions = 0
        var revenueCents: Int64 = 0
        var events = 0
        var eventsByType: [String: Int] = [:]
    }

    struct VariantCounts: Sendable, Equatable {
        var visitors = 0
        var conversions = 0
        var revenueCents: Int64 = 0
    }

    /// By UTC day.
    private(set) var days: [Day: Counts] = [:]
    /// From this moment on.
    private(set) var live = Counts()
    /// Of the test, over the whole traffic.
    private(set) var variants: [String: VariantCounts] = ["A": VariantCounts(), "B": VariantCounts()]
    let liveSince: Timestamp
    let conversionEvent: String
    private var visitor = Visitor()

    init(liveSince: Timestamp, conversionEvent: String) {
        self.liveSince = liveSince
        self.conversionEvent = conversionEvent
    }

    /// What is known of the visitor whose events come now.
    private struct Visitor: Equatable {
        var days: [Day: Window] = [:]
        var live = Window()
        var sessions: Set<String> = []
        var variant: String?
        var test = Window()
    }

    /// What a visitor did in one window of time.
    private struct Window: Equatable {
        var isSeen = false
        var hasConverted = false
        var orders: Set<String> = []

        /// The event's revenue where its order was not seen before.
        mutating func revenue(of event: Event) -> Int64 {
            guard let order = event.properties.first(where: { $0.name == "order_id" })?.value,
                orders.insert(order).inserted,
                let text = event.properties.first(where: { $0.name == "revenue" })?.value
            else { return 0 }
            return Self.cents(text)
        }

        private static func cents(_ text: String) -> Int64 {
            Int64(text.replacing(".", with: "")) ?? 0
        }
    }

    mutating func beginVisitor() { visitor = Visitor() }

    /// Counts an event of the visitor that was begun; a visitor's events come in the order of their times.
    mutating func add(_ event: Event) {
        let isNewSession = event.sessionID.map { visitor.sessions.insert($0).inserted } ?? false
        let isConversion = event.eventType == conversionEvent
        let day = event.timestamp.day
        Self.add(
            event, isNewSession, isConversion, to: &days[day, default: Counts()],
            &visitor.days[day, default: Window()])
        if event.timestamp >= liveSince { Self.add(event, isNewSession, isConversion, to: &live, &visitor.live) }
        if visitor.variant == nil, let variant = event.variant?.variant {
            visitor.variant = variant
            variants[variant, default: VariantCounts()].visitors += 1
        }
        guard isConversion, let variant = visitor.variant else { return }
        if !visitor.test.hasConverted { variants[variant]?.conversions += 1 }
        visitor.test.hasConverted = true
        variants[variant]?.revenueCents += visitor.test.revenue(of: event)
    }

    private static func add(
        _ event: Event, _ isNewSession: Bool, _ isConversion: Bool, to counts: inout Counts, _ window: inout Window
    ) {
        counts.events += 1
        counts.eventsByType[event.eventType, default: 0] += 1
        if isNewSession { counts.sessions += 1 }
        if !window.isSeen { counts.visitors += 1 }
        window.isSeen = true
        guard isConversion else { return }
        if !window.hasConverted { counts.conversions += 1 }
        window.hasConverted = true
        counts.revenueCents += window.revenue(of: event)
    }
}

extension DemoTotals {
    /// Writes the totals as the members `live` and `days` of the object that is open.
    func write(to json: inout JSONWriter) {
        json.object("live") { json in
            Self.write(live, to: &json)
            json.object("variants") { json in
                for (name, counts) in variants.sorted(by: { $0.key < $1.key }) {
                    json.object(name) { json in
                        json.member("visitors", counts.visitors)
                        json.member("conversions", counts.conversions)
                        json.member("revenue", Double(counts.revenueCents) / 100)
                    }
                }
            }
        }
        json.array("days") { json in
            for (day, counts) in days.sorted(by: { $0.key < $1.key }) {
                json.object { json in
                    json.member("date", day.description)
                    Self.write(counts, to: &json)
                }
            }
        }
    }

    private static func write(_ counts: Counts, to json: inout JSONWriter) {
        json.member("visitors", counts.visitors)
        json.member("sessions", counts.sessions)
        json.member("conversions", counts.conversions)
        json.member("revenue", Double(counts.revenueCents) / 100)
        json.member("events", counts.events)
        json.object("events_by_type") { json in
            for (type, count) in counts.eventsByType.sorted(by: { $0.key < $1.key }) { json.member(type, count) }
        }
    }
}
