import Testing

@testable import Statistics

/// Reference values: Python 3, scipy 1.17.1, `scipy.stats.norm.cdf(x)`, `.ppf(q)` and `scipy.special.gammaln(x)`.
struct NormalTests {
    @Test(arguments: [
        (-8.0, 6.22096057427174e-16), (-1.96, 0.024997895148220435), (0, 0.5), (0.5, 0.6914624612740131),
        (1.96, 0.9750021048517795), (6, 0.9999999990134123),
    ])
    func `the cumulative probability agrees with scipy`(z: Double, expected: Double) {
        #expect(abs(Normal.cumulative(z) / expected - 1) < 1e-12)
    }

    @Test(arguments: [
        (1e-300, -37.0470962993612), (1e-10, -6.361340902404056), (0.001, -3.090232306167813),
        (0.025, -1.9599639845400545), (0.3, -0.5244005127080409), (0.8, 0.8416212335729143),
        (0.975, 1.959963984540054), (0.9999999, 5.199337582290661),
    ])
    func `the quantile agrees with scipy`(probability: Double, expected: Double) {
        #expect(abs(Normal.quantile(probability) / expected - 1) < 1e-9)
    }

    @Test func `the quantile undoes the cumulative probability in every branch`() {
        for step in -80...50 {
            let z = Double(step) / 10
            #expect(abs(Normal.quantile(Normal.cumulative(z)) - z) < 1e-8)
        }
        #expect(Normal.quantile(0.5) == 0)
        #expect(Normal.quantile(0) == -.infinity)
        #expect(Normal.quantile(1) == .infinity)
        #expect(Normal.quantile(.nan).isNaN)
    }

    @Test func `both tails together are twice one`() {
        // scipy.stats.norm.sf(5) * 2
        #expect(abs(Normal.twoSidedTail(-5) / 5.733031437583866e-07 - 1) < 1e-12)
        #expect(Normal.twoSidedTail(5) == Normal.twoSidedTail(-5))
    }

    @Test(arguments: [
        (1e-5, 11.512919692895826), (0.5, 0.5723649429247), (1, 0), (1.5, -0.12078223763524526), (2, 0),
        (3, 0.6931471805599453), (7.25, 7.0521854507385395), (10, 12.801827480081469), (100.5, 361.43554046777757),
        (1e6, 12815504.569147611), (1e9, 19723265827.503716),
    ])
    func `log-gamma agrees with scipy`(x: Double, expected: Double) {
        #expect(abs(logGamma(x) - expected) < 1e-13 + abs(expected) * 1e-14)
    }

    @Test func `log-gamma is not a number where it is not defined`() {
        #expect(logGamma(0).isNaN)
        #expect(logGamma(-1.5).isNaN)
    }
}
