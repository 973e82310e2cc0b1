import EventModel

/// Numbers and times as people read them; nil stands for what is not known.
enum Figures {
    /// `1,247`.
    static func count(_ value: Double?) -> String? {
        guard let value, let whole = Int64(exactly: value.rounded()) else { return nil }
        return grouped(whole)
    }

    /// `$17,800` or `$17,800.50`; a currency without a sign of its own stands as its code.
    static func money(_ value: Double?, currency: String) -> String? {
        guard let value, let cents = Int64(exactly: (value * 100).rounded()) else { return nil }
        let sign = cents < 0 ? "−" : ""
        let whole = grouped(cents.magnitude / 100 <= UInt64(Int64.max) ? Int64(cents.magnitude / 100) : 0)
        let rest = cents.magnitude % 100
        let amount = rest == 0 ? whole : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
        let symbols = ["USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"]
        return sign + (symbols[currency].map { $0 + amount } ?? "\(currency) \(amount)")
    }

    /// A fraction as percent: `7.1%`.
    static func percent(_ fraction: Double?, digits: Int = 1) -> String? {
        guard let text = decimal(fraction.map { $0 * 100 }, digits: digits) else { return nil }
        return text + "%"
    }

    /// `4.5–8.3%`.
    static func interval(_ low: Double?, _ high: Double?) -> String? {
        guard let low = decimal(low.map { $0 * 100 }, digits: 1), let high = percent(high) else { return nil }
        return "\(low)–\(high)"
    }

    /// A probability: three decimals, `< 0.001` where these would be zeros.
    static func probability(_ value: Double?) -> String? {
        guard let value else { return nil }
        return value > 0 && value < 0.001 ? "< 0.001" : decimal(value, digits: 3)
    }

    /// `3 min 00 s`.
    static func seconds(_ value: Double?) -> String? {
        guard let value, let all = Int64(exactly: value.rounded()), all >= 0 else { return nil }
        if all < 60 { return "\(all) s" }
        let seconds = all % 60
        if all < 3_600 { return "\(all / 60) min \(seconds < 10 ? "0" : "")\(seconds) s" }
        let minutes = all / 60 % 60
        return "\(grouped(all / 3_600)) h \(minutes < 10 ? "0" : "")\(minutes) min"
    }

    /// How long ago, roughly: `3 minutes ago`.
    static func ago(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        func text(_ value: Int64, _ unit: String) -> String { "\(value) \(unit)\(value == 1 ? "" : "s") ago" }
        switch seconds {
        case ..<60: return "just now"
        case ..<3_600: return text(seconds / 60, "minute")
        case ..<172_800: return text(seconds / 3_600, "hour")
        default: return text(seconds / 86_400, "day")
        }
    }

    /// `21 Nov 2026, 12:00 UTC`.
    static func moment(_ time: Timestamp) -> String {
        "\(day(time.day)), \(time.description.dropFirst(11).prefix(5)) UTC"
    }

    /// `21 Nov 2026`.
    static func day(_ day: Day) -> String { "\(shortDay(day)) \(day.calendar.year)" }

    /// `21 Nov`.
    static func shortDay(_ day: Day) -> String {
        let (_, month, number) = day.calendar
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(number) \(months[month - 1])"
    }

    /// With exactly so many digits behind the point, rounded half away from zero.
    static func decimal(_ value: Double?, digits: Int) -> String? {
        guard let value, value.isFinite else { return nil }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard let scaled = Int64(exactly: (value * scale).rounded()) else { return nil }
        let divisor = Int64(scale)
        var rest = String(scaled.magnitude % UInt64(divisor))
        while rest.count < digits { rest = "0" + rest }
        let whole = grouped(Int64(scaled.magnitude / UInt64(divisor)))
        return (scaled < 0 ? "−" : "") + (digits == 0 ? whole : "\(whole).\(rest)")
    }

    private static func grouped(_ value: Int64) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0 && index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "−" : "") + String(text.reversed())
    }
}
