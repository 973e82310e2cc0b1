import ControlStore
import EventModel
import GRDB
import Testing

@testable import Loading

/// What a session's row must say, computed the plain way: all its events sorted, and gone through once.
private struct NaiveSession: Equatable {
    var createdAt = ""
    var landing = ""
    var exitPage: String?
    var exitReason: String?
    var duration: Int64?
    var pages = 1
    var lastAt = ""
    var texts: [String?] = []
    var steps: [String] = []

    init(_ events: [(event: Event, sequence: UInt64)], timeoutAt now: Timestamp) {
        let sorted = events.sorted {
            $0.event.timestamp == $1.event.timestamp
                ? $0.sequence < $1.sequence : $0.event.timestamp < $1.event.timestamp
        }.map(\.event)
        guard let first = sorted.first, let last = sorted.last else { return }
        createdAt = first.timestamp.description
        lastAt = last.timestamp.description
        landing = sorted.map { $0.landingPage ?? $0.pageURL }.first { !$0.isEmpty } ?? ""
        pages = max(1, sorted.filter { $0.eventType == "page_view" }.count)
        if let exit = last.exit {
            exitPage = exit.page ?? last.pageURL
            exitReason = exit.reason.rawValue
        } else if last.timestamp + .seconds(1_800) <= now {
            exitPage = last.pageURL
            exitReason = "timeout"
        }
        if exitReason != nil { duration = (last.timestamp.milliseconds - first.timestamp.milliseconds) / 1_000 }
        let paths: [KeyPath<Event, String?>] = [
            \.userID, \.userAgent, \.referrer, \.deviceType, \.screenResolution, \.language, \.countryCode,
        ]
        for path in paths { texts.append(sorted.compactMap { $0[keyPath: path] }.first) }
        var entries: [String: [Int64: Timestamp]] = [:]
        for event in sorted {
            guard let funnel = event.funnel, entries[funnel.name]?[funnel.order] == nil else { continue }
            entries[funnel.name, default: [:]][funnel.order] = event.timestamp
        }
        for (name, orders) in entries {
            for (order, entered) in orders {
                let next = orders.filter { $0.key > order && $0.value >= entered }.map(\.value).min()
                let reason = next == nil ? exitReason ?? "-" : "-"
                steps.append("\(name) \(order) \(entered) \(next?.description ?? "-") \(reason)")
            }
        }
        steps.sort()
    }

    init(_ row: Row, steps: [Row]) {
        createdAt = row["created_at"]
        landing = row["landing_page"]
        exitPage = row["exit_page"]
        exitReason = row["exit_reason"]
        duration = row["duration_seconds"]
        pages = row["page_count"]
        lastAt = row["last_event_at"]
        let names = [
            "user_id", "user_agent", "referrer", "device_type", "screen_resolution", "language", "country_code",
        ]
        for name in names { texts.append(row[name]) }
        self.steps = steps.map { step in
            let exited: String = step["exited_at"] ?? "-"
            let reason: String = step["dropoff_reason"] ?? "-"
            let (name, order): (String, Int64) = (step["funnel_name"], step["step_order"])
            return "\(name) \(order) \(step["entered_at"] as String) \(exited) \(reason)"
        }.sorted()
    }
}

@Suite struct SessionPropertyTests {
    let noon = LoadingSite.noon

    private func randomEvent(_ site: LoadingSite, _ random: inout SplitMix) -> Event {
        // Few sessions and coarse times: many ties, many events a session.
        let time = noon + .seconds(Int64.random(in: 0..<40, using: &random) * 120)
        let type = ["page_view", "click", "scroll"].randomElement(using: &random) ?? "click"
        var event = site.event(type, at: time, session: "s_\(Int.random(in: 0..<6, using: &random))")
        func maybe(_ values: [String]) -> String? {
            Int.random(in: 0..<3, using: &random) == 0 ? values.randomElement(using: &random) : nil
        }
        event.pageURL = maybe(["/a", "/b", "/c"]) ?? ""
        event.landingPage = maybe(["/landing"])
        event.userID = maybe(["v_1", "v_2"])
        event.userAgent = maybe(["X", "Y"])
        event.referrer = maybe(["https://r.example/", "https://q.example/"])
        event.deviceType = maybe(["mobile", "desktop", "tablet"])
        event.screenResolution = maybe(["1x1", "2x2"])
        event.language = maybe(["de", "en"])
        event.countryCode = maybe(["DE", "FR"])
        if Int.random(in: 0..<5, using: &random) == 0 {
            let reason = Event.Exit.Reason.allCases.randomElement(using: &random) ?? .close
            event.exit = Event.Exit(page: maybe(["/x"]), reason: reason)
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            event.funnel = Event.FunnelStep(
                name: maybe(["buy"]) ?? "lead", step: "a step", order: Int64.random(in: 0..<5, using: &random))
        }
        return event
    }

    @Test(arguments: 0..<12)
    func `random events in random order and batches give the rows of one pass over all of them sorted`(seed: Int) throws
    {
        var random = SplitMix(state: UInt64(seed) &+ 99)
        try withSite { site in
            site.clock.set(to: noon + 60)
            let events = (0..<200).map { _ in randomEvent(site, &random) }.shuffled(using: &random)
            var numbered: [(event: Event, sequence: UInt64)] = []
            var rest = events[...]
            var current: Loader? = try site.loader()
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...60, using: &random))
                rest = rest.dropFirst(part.count)
                let range = try site.send(Array(part))
                for (event, sequence) in zip(part, range) { numbered.append((event, sequence)) }
                try current?.drain()
                // Timeouts in between must not show in the end.
                if Bool.random(using: &random) { _ = try current?.timeOutSessions() }
                if Bool.random(using: &random) {
                    current = nil
                    current = try site.loader()
                }
            }
            _ = try current?.timeOutSessions()
            for (id, events) in Dictionary(grouping: numbered, by: { $0.event.sessionID ?? "" }) {
                let row = try #require(try site.session(id))
                let steps = try site.rows("SELECT * FROM conversion_funnels WHERE session_id = ?", [id])
                #expect(NaiveSession(row, steps: steps) == NaiveSession(events, timeoutAt: noon + 60), "session \(id)")
            }
        }
    }

    @Test(arguments: 0..<8)
    func `sessions the loader makes do not depend on where batches end`(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed) &+ 7)
        try withSite { site in
            site.clock.set(to: noon + .seconds(200_000))
            var time = noon
            var events: [Event] = []
            for _ in 0..<150 {
                time = time + .seconds(Int64.random(in: 0..<1_200, using: &random))
                events.append(site.event(at: time, user: "v_\(Int.random(in: 0..<3, using: &random))"))
            }
            var rest = events[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...40, using: &random))
                rest = rest.dropFirst(part.count)
                try site.load(Array(part))
            }
            var expected: [EventID: String] = [:]
            var open: [String: (id: String, first: Timestamp, last: Timestamp)] = [:]
            for event in events {
                let user = event.userID ?? ""
                if var session = open[user], event.timestamp - session.last < .seconds(1_800),
                    event.timestamp - session.first <= .seconds(86_400)
                {
                    session.last = event.timestamp
                    open[user] = session
                } else {
                    let id = VisitorSessions.sessionID(project: site.project, visitor: user, event: event.id)
                    open[user] = (id, event.timestamp, event.timestamp)
                }
                expected[event.id] = open[user]?.id
            }
            for stored in try site.events() { #expect(stored.sessionID == expected[stored.event.id]) }
        }
    }
}

/// Numbers that are random enough, and the same for the same seed. Source: Steele, Lea, Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
