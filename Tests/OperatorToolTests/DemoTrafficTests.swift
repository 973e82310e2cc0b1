import Crypto
import EventModel
import FoundationEssentials
import Testing

@testable import OperatorTool

@Suite struct DemoTrafficTests {
    private static let now = Timestamp(milliseconds: 1_767_225_600_000)

    private func traffic(seed: UInt64 = 7, days: Int = 1, visitors: Int = 300) -> DemoTraffic {
        DemoTraffic(seed: seed, visitors: visitors, days: days, now: Self.now, conversionEvent: "purchase")
    }

    private func lines(_ traffic: DemoTraffic) -> [UInt8] {
        var json = JSONWriter()
        _ = traffic.generate { event in
            event.write(to: &json)
            json.endLine()
        }
        return json.bytes
    }

    @Test func `the same seed gives the same bytes, another seed others`() {
        #expect(lines(traffic()) == lines(traffic()))
        #expect(lines(traffic()) != lines(traffic(seed: 8)))
    }

    @Test func `all of a day's traffic lies within the last 24 hours`() {
        for days in [1, 3] {
            let traffic = traffic(days: days)
            _ = traffic.generate { event in
                #expect(event.timestamp <= Self.now)
                #expect(event.timestamp >= Self.now - .seconds(86_400 * days))
            }
        }
    }

    @Test func `the totals are those of a recount`() {
        var visitors: Set<String> = []
        var sessions: Set<String> = []
        var converted: Set<String> = []
        var orders: [String: Int64] = [:]
        var types: [String: Int] = [:]
        let since = Self.now - .seconds(86_400)
        let totals = traffic(days: 3).generate { event in
            guard event.timestamp >= since, let user = event.userID, let session = event.sessionID else { return }
            visitors.insert(user)
            sessions.insert(session)
            types[event.eventType, default: 0] += 1
            guard event.eventType == "purchase" else { return }
            converted.insert(user)
            let values = Dictionary(uniqueKeysWithValues: event.properties.map { ($0.name, $0.value) })
            orders[values["order_id"]!] = Int64((Double(values["revenue"]!)! * 100).rounded())
        }
        #expect(totals.live.visitors == visitors.count)
        #expect(totals.live.sessions == sessions.count)
        #expect(totals.live.conversions == converted.count)
        #expect(totals.live.revenueCents == orders.values.reduce(0, +))
        #expect(totals.live.eventsByType == types)
        #expect(totals.days.values.reduce(0) { $0 + $1.events } > totals.live.events)
    }

    @Test func `every variant is the one that the visitor's hash gives`() {
        var seen: Set<String> = []
        _ = traffic().generate { event in
            guard let variant = event.variant, let user = event.userID else { return }
            let digest = SHA256.hash(data: Array("hero_cta:\(user)".utf8))
            let bucket = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 10_000
            #expect(variant.variant == (bucket < 5_000 ? "A" : "B"))
            seen.insert(variant.variant)
        }
        #expect(seen == ["A", "B"])
    }
}
