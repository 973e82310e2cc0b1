/// Says of a hash that it was certainly never added, or that it may have been.
///
/// Blocks of 64 bytes, one block a hash, so that a question costs one cache miss; 8 bits a hash and 5 probes give
/// some 3 % of wrong "may have been" when it is full. Source: Putze, Sanders, Singler, "Cache-, Hash- and
/// Space-Efficient Bloom Filters", 2007.
struct BloomFilter {
    static let bitsEach = 8
    private static let probes = 5
    private static let wordsInBlock = 8

    private var words: [UInt64]
    private let blocks: UInt64

    init(capacity: Int) {
        blocks = UInt64(max(1, (capacity * Self.bitsEach + 511) / 512))
        words = [UInt64](repeating: 0, count: Int(blocks) * Self.wordsInBlock)
    }

    /// Bytes in memory.
    var bytes: Int { words.count * 8 }

    mutating func add(_ hash: UInt64) {
        let block = start(of: hash)
        var rest = Self.bits(of: hash)
        for _ in 0..<Self.probes {
            words[block + Int(rest & 7)] |= 1 << ((rest >> 3) & 63)
            rest >>= 9
        }
    }

    func mayContain(_ hash: UInt64) -> Bool {
        let block = start(of: hash)
        var rest = Self.bits(of: hash)
        for _ in 0..<Self.probes {
            guard words[block + Int(rest & 7)] & (1 << ((rest >> 3) & 63)) != 0 else { return false }
            rest >>= 9
        }
        return true
    }

    private func start(of hash: UInt64) -> Int {
        Int(hash.multipliedFullWidth(by: blocks).high) * Self.wordsInBlock
    }

    /// Bits that the block's number does not depend on.
    private static func bits(of hash: UInt64) -> UInt64 { (hash &* 0x9E37_79B9_7F4A_7C15) >> 16 }
}
