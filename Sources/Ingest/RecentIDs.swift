import EventModel
import Glibc
import Synchronization

/// The ids of the last minutes that are on the disk, so that a retry can be told at once that it is one. The loader is
/// the judge over 48 hours; this only saves it work. Bounded: two generations, the older is dropped when the newer is
/// full or old enough.
final class RecentIDs: Sendable {
    /// An id within its project.
    struct Entry: Equatable, Sendable {
        fileprivate(set) var high: UInt64
        fileprivate(set) var low: UInt64

        init(id: EventID, project: UInt64) {
            high = id.high ^ project
            low = id.low
            // All zero marks a free place; nobody draws such an id.
            if high == 0, low == 0 { high = 1 }
        }
    }

    private struct Generations: ~Copyable {
        var newer: IDTable
        var older: IDTable
        var since: Timestamp

        mutating func rotate(_ now: Timestamp) {
            swap(&newer, &older)
            newer.removeAll()
            since = now
        }
    }

    static let generationEntries = 131_072
    static let generationMilliseconds: Int64 = 300_000

    private let generations: Mutex<Generations>
    private let limit: Int

    init(limit: Int = RecentIDs.generationEntries, now: Timestamp) {
        self.limit = limit
        generations = Mutex(Generations(newer: IDTable(limit: limit), older: IDTable(limit: limit), since: now))
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
                if generations.newer.count >= limit || age > Self.generationMilliseconds { generations.rotate(now) }
                generations.newer.insert(entry)
            }
        }
    }
}

/// A set of so many ids at most: open addressing over twice as many places, in memory that is taken once. The system
/// gives the pages as they are first written, so that a quiet daemon does not pay for a busy one's.
private struct IDTable: ~Copyable {
    private typealias Entry = RecentIDs.Entry

    /// Nil where there was no memory: nothing is remembered then, and the loader finds what comes again.
    private let places: UnsafeMutableRawPointer?
    private let mask: Int
    /// Senders choose the ids; without these numbers they cannot choose ids that all meet in one place.
    private let secret = (UInt64.random(in: .min ... .max) | 1, UInt64.random(in: .min ... .max) | 1)
    private(set) var count = 0

    init(limit: Int) {
        var size = 16
        while size < 2 * limit { size *= 2 }
        mask = size - 1
        places = calloc(size, MemoryLayout<RecentIDs.Entry>.stride)
    }

    deinit { free(places) }

    func contains(_ entry: RecentIDs.Entry) -> Bool {
        guard let places else { return false }
        return Self.entry(places, find(entry, places)) == entry
    }

    mutating func insert(_ entry: RecentIDs.Entry) {
        guard let places else { return }
        let place = find(entry, places)
        guard Self.entry(places, place) != entry else { return }
        places.storeBytes(of: entry, toByteOffset: place * MemoryLayout<RecentIDs.Entry>.stride, as: Entry.self)
        count += 1
    }

    mutating func removeAll() {
        guard count > 0, let places else { return }
        memset(places, 0, (mask + 1) * MemoryLayout<RecentIDs.Entry>.stride)
        count = 0
    }

    private static func entry(_ places: UnsafeMutableRawPointer, _ place: Int) -> RecentIDs.Entry {
        places.load(fromByteOffset: place * MemoryLayout<RecentIDs.Entry>.stride, as: RecentIDs.Entry.self)
    }

    /// Where the entry stands, or would.
    private func find(_ entry: RecentIDs.Entry, _ places: UnsafeMutableRawPointer) -> Int {
        let product = (entry.high ^ secret.0).multipliedFullWidth(by: entry.low ^ secret.1)
        var place = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while true {
            let there = Self.entry(places, place)
            if there == entry || (there.high == 0 && there.low == 0) { return place }
            place = (place + 1) & mask
        }
    }
}
