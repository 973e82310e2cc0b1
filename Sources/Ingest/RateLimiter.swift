import NIOCore
import Synchronization

/// Token buckets that hold one minute's allowance, per key and per address of a project. A bucket which nobody touched
/// for a minute is full again, so the older of two generations is forgotten each minute and memory stays bounded.
final class RateLimiter: Sendable {
    enum Owner: Hashable, Sendable {
        case key(String)
        /// The project's mark, and the address's group.
        case address(UInt64, UInt64, UInt64)
    }

    /// A bucket to take from, and how much it holds.
    struct Bucket: Sendable {
        let owner: Owner
        let eventsPerMinute: Int
    }

    private struct Level {
        var tokens: Double
        var at: NIODeadline
    }

    private struct Generations {
        var newer: [Owner: Level] = [:]
        var older: [Owner: Level] = [:]
        var since: NIODeadline
    }

    /// Buckets of one generation; beyond it the oldest are forgotten early, which lets some senders have more.
    static let generationBuckets = 100_000

    private let generations: Mutex<Generations>

    init(now: NIODeadline = .now()) { generations = Mutex(Generations(since: now)) }

    /// Takes as many of `wanted` tokens as all buckets together allow.
    func take(_ wanted: Int, from buckets: [Bucket], now: NIODeadline = .now()) -> Int {
        guard !buckets.isEmpty, wanted > 0 else { return wanted }
        return generations.withLock { generations in
            Self.rotate(&generations, now)
            var granted = wanted
            for bucket in buckets {
                granted = min(granted, Int(Self.level(bucket, in: &generations, now).tokens))
            }
            for bucket in buckets { generations.newer[bucket.owner]?.tokens -= Double(granted) }
            return granted
        }
    }

    /// Whole seconds until each bucket holds a token again; at least 1.
    func secondsUntilNext(_ buckets: [Bucket], now: NIODeadline = .now()) -> Int {
        generations.withLock { generations in
            var seconds = 1.0
            for bucket in buckets {
                let missing = 1 - Self.level(bucket, in: &generations, now).tokens
                seconds = max(seconds, (missing * 60 / Double(bucket.eventsPerMinute)).rounded(.up))
            }
            return Int(seconds)
        }
    }

    private static func rotate(_ generations: inout Generations, _ now: NIODeadline) {
        guard now - generations.since > .seconds(60) || generations.newer.count >= generationBuckets else { return }
        generations.older = generations.newer
        generations.newer.removeAll()
        generations.since = now
    }

    /// The bucket as it stands now, moved to the newer generation.
    private static func level(_ bucket: Bucket, in generations: inout Generations, _ now: NIODeadline) -> Level {
        let capacity = Double(bucket.eventsPerMinute)
        var level =
            generations.newer[bucket.owner] ?? generations.older[bucket.owner]
            ?? Level(tokens: capacity, at: now)
        let seconds = Double((now - level.at).nanoseconds) / 1e9
        level.tokens = min(capacity, level.tokens + max(0, seconds) * capacity / 60)
        level.at = now
        generations.newer[bucket.owner] = level
        return level
    }
}
