/// What a page's address says about where its visitor came from.
package struct TrafficSource: Sendable, Equatable {
    /// `utm_source`, `utm_medium`, `utm_campaign`, decoded; nil where absent or empty.
    package var source: String?
    package var medium: String?
    package var campaign: String?
    /// The address has the click number of an advertising network.
    package var hasAdClick = false

    package init(source: String? = nil, medium: String? = nil, campaign: String? = nil, hasAdClick: Bool = false) {
        self.source = source
        self.medium = medium
        self.campaign = campaign
        self.hasAdClick = hasAdClick
    }

    private static let adClicks: Set<String> = [
        "gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "li_fat_id", "twclid",
    ]

    /// Reads the query of an address; of a parameter that stands twice the first counts.
    package init(pageURL: String) {
        guard let start = pageURL.utf8.firstIndex(of: UInt8(ascii: "?")) else { return }
        let end = pageURL.utf8.firstIndex(of: UInt8(ascii: "#")) ?? pageURL.utf8.endIndex
        guard start < end else { return }
        let query = pageURL.utf8[pageURL.utf8.index(after: start)..<end]
        for pair in query.split(separator: UInt8(ascii: "&")) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            switch String(Substring(name)) {
            case "utm_source": source = source ?? Self.value(of: pair, after: name)
            case "utm_medium": medium = medium ?? Self.value(of: pair, after: name)
            case "utm_campaign": campaign = campaign ?? Self.value(of: pair, after: name)
            case let other: if Self.adClicks.contains(other) { hasAdClick = true }
            }
        }
    }

    private static func value(of pair: Substring.UTF8View, after name: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = pair.dropFirst(name.count + 1)
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
                if digits.count == 2 {
                    bytes.append(UInt8(digits[0] * 16 + digits[1]))
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        // A NUL, which texts may not hold, can hide behind its escape.
        bytes.removeAll { $0 == 0 }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
