#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a test of two proportions answers.
package struct ZTest: Sendable, Equatable {
    /// Above 0 where B's rate is the higher one.
    package let z: Double
    /// Two-sided.
    package let p: Double

    /// Percent, not rounded: 100 × (1 − p).
    package var confidenceLevel: Double { 100 * (1 - p) }
}

/// The two-proportion z-test with pooled variance; nil where a side has no trials, or none or all of them succeeded
/// on both sides, so that there is no variance to measure by.
///
/// Source: NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3: z = (p_B − p_A) / √(p(1 − p)(1/n_A + 1/n_B)).
package func twoProportionZ(_ a: Proportion, _ b: Proportion) -> ZTest? {
    guard let rateA = a.rate, let rateB = b.rate else { return nil }
    let pooled = Double(a.successes + b.successes) / Double(a.trials + b.trials)
    let variance = pooled * (1 - pooled) * (1 / Double(a.trials) + 1 / Double(b.trials))
    guard variance > 0 else { return nil }
    let z = (rateB - rateA) / sqrt(variance)
    return ZTest(z: z, p: Normal.twoSidedTail(z))
}

/// The p of one look of a mixture sequential test, 0 to 1: valid at every look when the caller keeps the least of all
/// looks so far. 1 where the variance of the difference is 0 or unknown. `mixingEffect` is the standard deviation, as
/// a difference of rates, of the effects mixed over, and must be above 0.
///
/// Source: R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always Valid Inference: Continuous Monitoring of A/B Tests",
/// Operations Research 70 (2022), equation for normal data with a normal mixture:
/// Λ = √(V/(V + τ²)) exp(τ²Δ²/(2V(V + τ²))), p = min(1, 1/Λ), V the unpooled variance of the difference Δ.
package func alwaysValidP(_ a: Proportion, _ b: Proportion, mixingEffect: Double) -> Double {
    guard let rateA = a.rate, let rateB = b.rate, let varianceA = a.varianceOfRate, let varianceB = b.varianceOfRate
    else { return 1 }
    let variance = varianceA + varianceB
    guard variance > 0 else { return 1 }
    let mixing = mixingEffect * mixingEffect
    let difference = rateB - rateA
    let exponent = mixing * difference * difference / (2 * variance * (variance + mixing))
    // 1/Λ by its logarithm: Λ itself overflows for large samples.
    return min(1, exp(-exponent - 0.5 * log(variance / (variance + mixing))))
}

/// Visitors that each variant needs before the observed difference is found with a chance of `power` at
/// α = 1 − `threshold`, two-sided, rounded up; nil where a side has no trials or the rates are the same.
///
/// Source: J. L. Fleiss, B. Levin, M. C. Paik, "Statistical Methods for Rates and Proportions", 3rd ed. (2003), 4.2:
/// n = (z_{1−α/2} √(2 p̄ q̄) + z_{power} √(p_A q_A + p_B q_B))² / (p_B − p_A)².
package func visitorsNeededPerVariant(
    _ a: Proportion, _ b: Proportion, threshold: Double, power: Double = 0.8
) -> Int? {
    guard let rateA = a.rate, let rateB = b.rate, rateA != rateB else { return nil }
    let mean = (rateA + rateB) / 2
    let null = Normal.quantile((1 + threshold) / 2) * sqrt(2 * mean * (1 - mean))
    let alternative = Normal.quantile(power) * sqrt(rateA * (1 - rateA) + rateB * (1 - rateB))
    let visitors = ((null + alternative) * (null + alternative) / ((rateB - rateA) * (rateB - rateA))).rounded(.up)
    return visitors < 9e15 ? Int(visitors) : nil
}

/// The p of the sample-ratio check: chi-square of the visitors seen against the planned split, one degree of freedom.
/// nil where nobody was assigned, or the plan gives all visitors to one variant and the other has none.
/// 0 where a variant that the plan gives nobody has visitors.
///
/// Source: K. Pearson (1900), χ² = Σ (seen − planned)²/planned; with one degree of freedom P(χ² ≥ x) = erfc(√(x/2)).
package func sampleRatioP(visitorsA: Int, visitorsB: Int, shareOfA: Double) -> Double? {
    let total = Double(visitorsA + visitorsB)
    guard total > 0 else { return nil }
    let plannedA = total * shareOfA
    let plannedB = total - plannedA
    guard plannedA > 0, plannedB > 0 else {
        return (plannedA > 0 ? visitorsB : visitorsA) > 0 ? 0 : nil
    }
    let offset = Double(visitorsA) - plannedA
    let chiSquare = offset * offset / plannedA + offset * offset / plannedB
    return erfc(sqrt(chiSquare / 2))
}
