/// A small generator of numbers that a seed determines, the same on every machine.
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014; constants as in Java's.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A generator of its own for each of several things.
    init(seed: UInt64, stream: UInt64...) {
        state = seed
        for part in stream { state = next() ^ part &* 0xD6E8_FEB8_6659_FD93 }
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// 0 to below 1.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func chance(_ probability: Double) -> Bool { fraction() < probability }

    /// Both ends included.
    mutating func integer(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(fraction() * Double(range.upperBound - range.lowerBound + 1))
    }

    /// One of the elements, each as likely as its weight says.
    mutating func choice<Element>(_ weighted: [(Element, Double)]) -> Element? {
        var point = fraction() * weighted.reduce(0) { $0 + $1.1 }
        for (element, weight) in weighted {
            point -= weight
            if point < 0 { return element }
        }
        return weighted.last?.0
    }

    /// So many hexadecimal digits, 32 at most.
    mutating func hex(_ digits: Int) -> String {
        var text = ""
        for word in [next(), next()] {
            let part = String(word, radix: 16)
            text += String(repeating: "0", count: 16 - part.count) + part
        }
        return String(text.prefix(digits))
    }
}
