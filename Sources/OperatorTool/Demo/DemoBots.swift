import EventModel

/// A few crawlers that read the shop. They come by HTTP, because it is the request's `User-Agent` that gives them away.
struct DemoBots {
    private static let maximumBots = 20
    private static let pages = ["/", "/shoes/runner", "/bags/tote", "/blog/how-to-choose"]

    let traffic: DemoTraffic

    var count: Int { min(Self.maximumBots, max(1, traffic.visitors / 100)) }

    /// Sends each crawler's visit; how many events that were.
    func send(key: String, to path: String) throws -> Int {
        var sent = 0
        for number in 0..<count {
            var generator = SplitMix64(seed: traffic.seed, stream: 0xB07, UInt64(number))
            let agent = DemoShop.botAgents[number % DemoShop.botAgents.count]
            let body = visit(&generator)
            let answer = try LocalHTTP.post(
                "/api/v1/track/batch", body, headers: [("X-API-Key", key), ("User-Agent", agent)],
                over: .unix(path))
            guard answer.status == 202 else {
                throw ToolError(
                    .unavailable, "the daemon answered a crawler's visit with \(answer.status): \(answer.body)")
            }
            sent += Self.pages.count
        }
        return sent
    }

    /// One batch: a page after the other.
    func visit(_ generator: inout SplitMix64) -> [UInt8] {
        let user = "v_" + generator.hex(12)
        var time = traffic.start(&generator).time
        var json = JSONWriter()
        json.object { json in
            json.array("events") { json in
                for page in Self.pages {
                    json.object { json in
                        json.member("event_type", "page_view")
                        json.member("user_id", user)
                        json.member("timestamp", time.description)
                        json.member("url", DemoShop.origin + page)
                    }
                    time = time + .seconds(generator.integer(1...5))
                }
            }
        }
        return json.bytes
    }
}
