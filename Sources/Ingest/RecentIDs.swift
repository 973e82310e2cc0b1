import EventModel
import Synchronization

/// The ids of the last minutes that are on the disk, so that a retry can be told at once that it is one. The loader is
/// the judge over 48 hours; this only saves it work. Bounded: two generations, the older is dropped when the newer is
/// full or old enough.
final class RecentIDs: Sendable {
    /// An id within its project.
    struct Entry: Hashable, Sendable {
        let high: UInt64
        let low: UInt64

        init(id: EventID, project: UInt64) {
            high = id.high ^ project
            low = id.low
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(high)
            hasher.combine(low)
        }
    }

    private struct Generations {
        var newer: Set<Entry> = []
        var older: Set<Entry> = []
        var since: Timestamp
    }

    static let generationEntries = 131_072
    static let generationMilliseconds: Int64 = 300_000

    private let generations: Mutex<Generations>
    private let limit: Int

    init(limit: Int = RecentIDs.generationEntries, now: Timestamp) {
        self.limit = limit
        generations = Mutex(Generations(since: now))
    }

    func contains(_ entry: Entry) -> Bool {
        generations.withLock { $0.newer.contains(entry) || $0.older.contains(entry) }
    }

    /// Remembers ids, to be called only once they are durable.
    func insert(_ entries: [Entry], now: Timestamp) {
        guard !entries.isEmpty else { return }
        generations.withLock { generations in
            for entry in entries {
                let age = now.milliseconds - generations.since.milliseconds
                if generations.newer.count >= limit || age > Self.generationMilliseconds {
                    generations.older = generations.newer
                    generations.newer = []
                    generations.since = now
                }
                generations.newer.insert(entry)
            }
        }
    }
}
