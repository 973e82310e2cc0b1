#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// So many of so many: conversions of visitors.
package struct Proportion: Sendable, Equatable {
    package let successes: Int
    package let trials: Int

    /// `successes` must lie in 0 to `trials`.
    package init(successes: Int, trials: Int) {
        precondition(successes >= 0 && successes <= trials, "\(successes) successes of \(trials) trials")
        self.successes = successes
        self.trials = trials
    }

    /// 0 to 1; nil where nothing was tried.
    package var rate: Double? { trials > 0 ? Double(successes) / Double(trials) : nil }

    /// The variance of the rate as estimated from itself, p(1 − p)/n; nil where nothing was tried.
    var varianceOfRate: Double? { rate.map { $0 * (1 - $0) / Double(trials) } }
}

/// An interval with both its ends.
package struct Interval: Sendable, Equatable {
    package let low: Double
    package let high: Double
}

/// The score interval for a proportion; nil where nothing was tried. `confidence` is between 0 and 1.
///
/// Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927):
/// (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
package func wilson(_ proportion: Proportion, confidence: Double = 0.95) -> Interval? {
    guard let rate = proportion.rate else { return nil }
    let trials = Double(proportion.trials)
    let z = Normal.quantile((1 + confidence) / 2)
    let scale = 1 + z * z / trials
    let middle = (rate + z * z / (2 * trials)) / scale
    let half = z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials)) / scale
    // At the ends the formula is exact but for rounding.
    return Interval(
        low: proportion.successes == 0 ? 0 : max(0, middle - half),
        high: proportion.successes == proportion.trials ? 1 : min(1, middle + half))
}
