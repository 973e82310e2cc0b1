import EventModel

/// The ids of the last 48 hours: which ones may have been seen, and among which files to look.
///
/// Generations of at most 8 million ids or 6 hours, each a Bloom filter in memory and a table of hashes on disk behind
/// it; the oldest goes when all of it was received too long ago. 100 million ids take some 110 MiB of memory in
/// filters, the open table's 96 MiB, and 1.2 GB of disk. What this finds is looked up in the files before it counts as
/// a duplicate, so a wrong guess costs time only.
struct RememberedIdentities {
    static let maxGeneration = 8 << 20
    static let minGeneration = 1 << 16
    static let generationSpan: Duration = .seconds(6 * 3_600)
    /// More cannot be: the oldest is forgotten early, and said so.
    static let maxGenerations = 64

    private final class Generation {
        var filter: BloomFilter
        let table: IdentityTable?
        let capacity: Int
        var count = 0
        var received: ClosedRange<Timestamp>

        init(capacity: Int, directory: String, at time: Timestamp) {
            filter = BloomFilter(capacity: capacity)
            table = IdentityTable(capacity: capacity, directory: directory)
            self.capacity = capacity
            received = time...time
        }
    }

    private var generations: [Generation] = []
    private let directory: String
    private let span: Duration

    /// `directory` is on the disk that the tables may use.
    init(directory: String, span: Duration) {
        self.directory = directory
        self.span = span
    }

    /// Ids held, and bytes of memory that the filters take.
    var count: Int { generations.reduce(0) { $0 + $1.count } }
    var filterBytes: Int { generations.reduce(0) { $0 + $1.filter.bytes } }

    /// Remembers an id of an event received within `received`.
    mutating func add(_ key: IdentityKey, received: ClosedRange<Timestamp>, expecting more: Int) {
        let generation = open(at: received.lowerBound, expecting: more)
        generation.filter.add(key.hash)
        generation.table?.add(key.hash)
        generation.count += 1
        let old = generation.received
        generation.received =
            min(old.lowerBound, received.lowerBound)...max(old.upperBound, received.upperBound)
    }

    /// When the event with this id may have been received; nil where it was not, in the remembered time.
    func received(_ key: IdentityKey) -> ClosedRange<Timestamp>? {
        var found: ClosedRange<Timestamp>?
        for generation in generations where generation.filter.mayContain(key.hash) {
            if let table = generation.table, !table.contains(key.hash) { continue }
            let range = generation.received
            found = found.map { min($0.lowerBound, range.lowerBound)...max($0.upperBound, range.upperBound) } ?? range
        }
        return found
    }

    /// Forgets what was received longer than the remembered time before `now`, and gives back memory.
    mutating func forget(before now: Timestamp) {
        generations.removeAll { $0.received.upperBound < now - span }
        if generations.count > Self.maxGenerations { generations.removeFirst(generations.count - Self.maxGenerations) }
        for generation in generations { generation.table?.release() }
    }

    private mutating func open(at time: Timestamp, expecting more: Int) -> Generation {
        var capacity = Self.minGeneration
        if let last = generations.last {
            let isFull = last.count >= last.capacity
            if !isFull, time - last.received.lowerBound < Self.generationSpan { return last }
            capacity = isFull ? last.capacity * 2 : last.capacity
        }
        capacity = min(Self.maxGeneration, max(capacity, more))
        let generation = Generation(capacity: capacity, directory: directory, at: time)
        generations.append(generation)
        return generation
    }
}
