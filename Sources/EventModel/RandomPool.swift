import Glibc

/// The system's random numbers, fetched a pool at a time: one system call for many of them. Each is given once.
package struct RandomPool: RandomNumberGenerator {
    /// 256 bytes, which the system gives whole or not at all.
    private static let size = 32

    private var words = [UInt64](repeating: 0, count: size)
    private var used = size

    package init() {}

    package mutating func next() -> UInt64 {
        if used == Self.size { fill() }
        defer { used += 1 }
        return words[used]
    }

    private mutating func fill() {
        let size = Self.size * 8
        let result = words.withUnsafeMutableBytes { bytes in bytes.baseAddress.map { getentropy($0, size) } ?? -1 }
        if result != 0 {
            var system = SystemRandomNumberGenerator()
            for index in words.indices { words[index] = system.next() }
        }
        used = 0
    }
}
