import Testing

@testable import Statistics

struct ProportionTests {
    /// Python 3, scipy 1.17.1: `stats.binomtest(s, n).proportion_ci(0.95, 'wilson')`.
    @Test(arguments: [
        (38, 623, 0.04475846601678783, 0.08261259040775622), (51, 624, 0.06270872954564459, 0.10587118395592858),
        (0, 10, 0, 0.27753279986288926), (10, 10, 0.7224672001371109, 1),
        (1, 1_000_000, 1.765245767453709e-07, 5.664911804311442e-06),
    ])
    func `Wilson's interval agrees with scipy`(successes: Int, trials: Int, low: Double, high: Double) throws {
        let interval = try #require(wilson(Proportion(successes: successes, trials: trials)))
        #expect(abs(interval.low - low) < 1e-12)
        #expect(abs(interval.high - high) < 1e-12)
    }

    @Test func `a narrower confidence gives a narrower interval`() throws {
        // stats.binomtest(38, 623).proportion_ci(0.8, 'wilson'): scipy 1.17.1
        let interval = try #require(wilson(Proportion(successes: 38, trials: 623), confidence: 0.8))
        #expect(abs(interval.low - 0.04982367079020069) < 1e-12)
        #expect(abs(interval.high - 0.07447525223410753) < 1e-12)
    }

    @Test func `nothing tried has neither rate nor interval`() {
        #expect(Proportion(successes: 0, trials: 0).rate == nil)
        #expect(wilson(Proportion(successes: 0, trials: 0)) == nil)
    }
}
