import Testing

@testable import Statistics

struct BayesTests {
    /// scipy 1.17.1: the integral of `beta(b+1, nB-b+1).pdf(x) * beta(a+1, nA-a+1).cdf(x)` by a 4,000-point
    /// Gauss-Legendre rule between B's quantiles 1e-13 and 1 − 1e-13.
    @Test(arguments: [
        (38, 623, 51, 624, 0.9215818241398601), (0, 0, 0, 0, 0.5), (0, 0, 5, 10, 0.5), (5, 10, 0, 0, 0.5),
        (0, 10, 10, 10, 0.9999985824300772), (10, 10, 0, 10, 1.4175710264852138e-06),
        (1, 1_000_000, 2, 1_000_000, 0.6875001874994251),
        (60_500, 1_000_000, 61_000, 1_000_000, 0.9305761882149199),
        (3_000_000, 6_000_000, 3_001_500, 6_000_000, 0.806761871834354),
        (100, 1_000, 120_000, 1_000_000, 0.9739933894889689), (3, 4, 900_000, 1_000_000, 0.9185383962018173),
    ])
    func `the probability agrees with the integral`(a: Int, nA: Int, b: Int, nB: Int, expected: Double) {
        let probability = probabilityBBeatsA(
            Proportion(successes: a, trials: nA), Proportion(successes: b, trials: nB))
        #expect(abs(probability - expected) < 1e-6)
    }

    @Test func `the two variants' chances add up to one in every branch`() {
        for (a, nA, b, nB) in [(3, 10, 5, 9), (8, 10, 5, 50), (1, 70, 60, 61), (44, 50, 40, 44), (0, 3, 3, 3)] {
            let first = Proportion(successes: a, trials: nA)
            let second = Proportion(successes: b, trials: nB)
            #expect(abs(probabilityBBeatsA(first, second) + probabilityBBeatsA(second, first) - 1) < 1e-12)
        }
    }

    @Test func `counts of a billion are answered at once`() {
        // A sum over every conversion would run for minutes.
        let probability = probabilityBBeatsA(
            Proportion(successes: 500_000_000, trials: 1_000_000_000),
            Proportion(successes: 500_020_000, trials: 1_000_000_000))
        // The normal approximation is exact enough here: Φ(20,000 / √(2 × 1e9 / 4)).
        #expect(abs(probability - Normal.cumulative(0.894427191)) < 1e-4)
    }
}
