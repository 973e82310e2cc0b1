import Foundation

/// A small generator with a seed, so that a failure can be seen again. Source: Steele, Lea, Flood, "Fast Splittable
/// Pseudorandom Number Generators" (2014).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    mutating func happens(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}

/// How much is tried: little where every build waits for it, much where `MILLRACE_LONG=1` asks for it.
enum Effort {
    static let isLong = ProcessInfo.processInfo.environment["MILLRACE_LONG"] == "1"

    /// Seconds of fuzzing that were asked for; nil where a count decides.
    static let fuzzSeconds = ProcessInfo.processInfo.environment["MILLRACE_FUZZ_SECONDS"].flatMap { Int($0) }

    /// `MILLRACE_SEED` repeats a run that failed.
    static let seed = ProcessInfo.processInfo.environment["MILLRACE_SEED"].flatMap { UInt64($0) }
}
