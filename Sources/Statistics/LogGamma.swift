#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The natural logarithm of the gamma function, for x > 0; NaN for all else.
///
/// Source: Stirling's series (NIST Digital Library of Mathematical Functions, 5.11.1) from 10 up, reached from below
/// by Γ(x + 1) = x Γ(x). Absolute error below 1e-13 up to 100, relative error below 1e-15 above.
package func logGamma(_ x: Double) -> Double {
    guard x > 0 else { return .nan }
    var shifted = x
    var product = 1.0
    while shifted < 10 {
        product *= shifted
        shifted += 1
    }
    let inverse = 1 / shifted
    let square = inverse * inverse
    // B(2k) / (2k (2k − 1)) for k = 1…7.
    let coefficients = [
        1.0 / 12, -1.0 / 360, 1.0 / 1_260, -1.0 / 1_680, 1.0 / 1_188, -691.0 / 360_360, 1.0 / 156,
    ]
    let series = coefficients.reversed().reduce(0) { $0 * square + $1 } * inverse
    return (shifted - 0.5) * log(shifted) - shifted + 0.5 * log(2 * Double.pi) + series - log(product)
}

/// The natural logarithm of the beta function B(a, b) = Γ(a) Γ(b) / Γ(a + b), for a, b > 0.
func logBeta(_ a: Double, _ b: Double) -> Double { logGamma(a) + logGamma(b) - logGamma(a + b) }
