import EventModel

extension KeyDirectory.Entry {
    /// The rate limits under which events of this key come from this address. A secret key has none for addresses.
    func buckets(_ address: IPAddress?) -> [RateLimiter.Bucket] {
        var buckets: [RateLimiter.Bucket] = []
        if eventsPerMinutePerKey > 0 {
            buckets.append(.init(owner: .key(keyID), eventsPerMinute: eventsPerMinutePerKey))
        }
        if kind == .public, eventsPerMinutePerAddress > 0, let group = address?.network {
            let owner = RateLimiter.Owner.address(projectMark, group.high, group.low)
            buckets.append(.init(owner: owner, eventsPerMinute: eventsPerMinutePerAddress))
        }
        return buckets
    }

    /// How old its events may be, in milliseconds: a secret key may bring history.
    func maxAgeMilliseconds(_ options: IngestOptions) -> Int64 {
        let days = kind == .secret ? max(options.maxAgeDaysForSecretKeys, options.maxAgeDays) : options.maxAgeDays
        return Int64(days) * Day.milliseconds
    }
}
