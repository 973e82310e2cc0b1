import Warehouse

/// The values of a record's JSON.
extension Value {
    /// Members in the order given.
    static func object(_ members: (String, Value)...) -> Value {
        .structure(members.map { Member(name: $0.0, value: $0.1) })
    }

    static func text(_ text: String?) -> Value { text.map { Value.text($0) } ?? .null }

    static func count(_ count: Int?) -> Value { count.map { .integer(Int64($0)) } ?? .null }

    /// Exact, without zeros at its end.
    static func money(_ money: Money) -> Value { decimal(money.unscaled, scale: 4) }

    /// Rounded half away from zero to so many decimals, without zeros at its end; null for what is not a number.
    static func rounded(_ number: Double?, _ places: Int) -> Value {
        guard let number, number.isFinite, abs(number) < 1e20 else { return .null }
        return decimal(Int128((number * powerOfTen(places)).rounded()), scale: places)
    }

    /// A probability with three decimals; one under 0.001 with two digits that count, so that small is not none.
    static func probability(_ p: Double?) -> Value {
        guard let p, p > 0, p < 0.001 else { return rounded(p, 3) }
        var places = 5
        while places < 30, p * powerOfTen(places) < 9.5 { places += 1 }
        return rounded(p, places)
    }

    private static func decimal(_ unscaled: Int128, scale: Int) -> Value {
        var unscaled = unscaled
        var scale = scale
        while scale > 0, unscaled % 10 == 0 {
            unscaled /= 10
            scale -= 1
        }
        guard scale == 0, let whole = Int64(exactly: unscaled) else {
            return .decimal(unscaled: unscaled, scale: scale)
        }
        return .integer(whole)
    }

    private static func powerOfTen(_ exponent: Int) -> Double { (0..<exponent).reduce(1.0) { power, _ in power * 10 } }
}
