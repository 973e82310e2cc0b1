import Testing

@testable import Statistics

private func of(_ successes: Int, _ trials: Int) -> Proportion {
    Proportion(successes: successes, trials: trials)
}

struct TwoProportionTestTests {
    @Test func `the specification's worked example comes out to its last digit`() throws {
        let a = of(38, 623)
        let b = of(51, 624)
        let test = try #require(twoProportionZ(a, b))
        // Python 3: p = 89/1247; z = (51/624 - 38/623) / sqrt(p*(1-p)*(1/623 + 1/624)); scipy 1.17.1: 2*norm.sf(z)
        #expect(abs(test.z - 1.4221209906582646) < 1e-12)
        #expect(abs(test.p - 0.15499113012790935) < 1e-12)
        #expect((test.confidenceLevel * 10).rounded() == 845)
        let low = try #require(wilson(a)).low
        let high = try #require(wilson(a)).high
        #expect((low * 1e4).rounded() == 448 && (high * 1e4).rounded() == 826)
        #expect((alwaysValidP(a, b, mixingEffect: 0.02) * 1_000).rounded() == 876)
        #expect((probabilityBBeatsA(a, b) * 1_000).rounded() == 922)
        let ratio = try #require(sampleRatioP(visitorsA: 623, visitorsB: 624, shareOfA: 0.5))
        #expect((ratio * 1_000).rounded() == 977)
        #expect(visitorsNeededPerVariant(a, b, threshold: 0.95) == 2_419)
    }

    /// scipy 1.17.1: `stats.chi2_contingency([[s, n-s], [s, n-s]], correction=False).pvalue`, the same test squared.
    @Test(arguments: [
        (100, 1_000, 150, 1_000, 0.0007232327164301936), (1, 1_000_000, 20, 1_000_000, 3.380951298855365e-05),
    ])
    func `p agrees with the chi-square test`(a: Int, nA: Int, b: Int, nB: Int, p: Double) throws {
        let test = try #require(twoProportionZ(of(a, nA), of(b, nB)))
        #expect(abs(test.p / p - 1) < 1e-9)
        let mirrored = try #require(twoProportionZ(of(b, nB), of(a, nA)))
        #expect(mirrored.z == -test.z)
    }

    @Test func `no variance is no answer`() {
        #expect(twoProportionZ(of(0, 0), of(5, 10)) == nil)
        #expect(twoProportionZ(of(5, 10), of(0, 0)) == nil)
        #expect(twoProportionZ(of(0, 10), of(0, 20)) == nil)
        #expect(twoProportionZ(of(10, 10), of(20, 20)) == nil)
    }

    /// scipy 1.17.1: 1 / `integrate.quad` over θ of norm.pdf(θ, 0, τ) exp((Δ² − (Δ − θ)²) / 2V), the mixture itself.
    @Test(arguments: [
        (38, 623, 51, 624, 0.02, 0.8761983429624476), (100, 1_000, 150, 1_000, 0.02, 0.04071760072289672),
        (100, 1_000, 150, 1_000, 0.05, 0.017872171301134505), (10, 1_000, 10, 1_000, 0.02, 1),
    ])
    func `the always valid p agrees with the integral of the mixture`(
        a: Int, nA: Int, b: Int, nB: Int, effect: Double, p: Double
    ) {
        #expect(abs(alwaysValidP(of(a, nA), of(b, nB), mixingEffect: effect) - p) < 1e-9)
    }

    @Test func `the always valid p is 1 without variance and 0 rather than an overflow`() {
        #expect(alwaysValidP(of(0, 10), of(0, 10), mixingEffect: 0.02) == 1)
        #expect(alwaysValidP(of(0, 0), of(3, 10), mixingEffect: 0.02) == 1)
        #expect(alwaysValidP(of(0, 10), of(10, 10), mixingEffect: 0.02) == 1)
        #expect(alwaysValidP(of(100_000, 1_000_000), of(200_000, 1_000_000), mixingEffect: 0.02) == 0)
    }

    /// The formula in Python 3 with scipy 1.17.1's norm.ppf: 3840.85 and 5715.42.
    @Test func `the visitors needed are rounded up`() {
        #expect(visitorsNeededPerVariant(of(100, 1_000), of(120, 1_000), threshold: 0.95) == 3_841)
        #expect(visitorsNeededPerVariant(of(100, 1_000), of(120, 1_000), threshold: 0.99) == 5_716)
        #expect(visitorsNeededPerVariant(of(100, 1_000), of(200, 2_000), threshold: 0.95) == nil)
        #expect(visitorsNeededPerVariant(of(0, 0), of(1, 10), threshold: 0.95) == nil)
    }

    /// scipy 1.17.1: `stats.chisquare([a, b], [n*share, n*(1-share)]).pvalue`.
    @Test(arguments: [
        (623, 624, 0.5, 0.9774083062273209), (500, 600, 0.5, 0.0025688315270227116), (100, 900, 0.1, 1),
        (130, 870, 0.1, 0.001565402258002549),
    ])
    func `the sample ratio's p agrees with scipy`(a: Int, b: Int, share: Double, p: Double) throws {
        #expect(abs(try #require(sampleRatioP(visitorsA: a, visitorsB: b, shareOfA: share)) - p) < 1e-12)
    }

    @Test func `a split of all or nothing is checked too`() {
        #expect(sampleRatioP(visitorsA: 0, visitorsB: 0, shareOfA: 0.5) == nil)
        #expect(sampleRatioP(visitorsA: 10, visitorsB: 0, shareOfA: 1) == nil)
        #expect(sampleRatioP(visitorsA: 10, visitorsB: 1, shareOfA: 1) == 0)
        #expect(sampleRatioP(visitorsA: 1, visitorsB: 10, shareOfA: 0) == 0)
    }
}
