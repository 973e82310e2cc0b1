/// How a visitor came to a page.
package enum Channel: String, Sendable, CaseIterable {
    case direct, search, social, mail, paid, referral, ai

    /// Decides by, in this order: a paid or mail medium (or the click number of an advertising network); an AI
    /// assistant as source or referrer; another medium; a known source; the referring site; an unknown source, which
    /// is a referral. What is left, and what comes from the site itself, is direct.
    package init(_ source: TrafficSource, referrer: String?, pageURL: String) {
        let medium = source.medium.flatMap { Self.channel(ofMedium: $0.lowercased()) }
        let named = source.source.flatMap { KnownSites.channel(ofSource: $0.lowercased()) }
        let referring = Self.channel(ofReferrer: referrer, pageURL: pageURL)
        if source.hasAdClick {
            self = .paid
        } else if let medium, medium == .paid || medium == .mail {
            self = medium
        } else if named == .ai || referring == .ai {
            self = .ai
        } else {
            self = medium ?? named ?? referring ?? (source.source == nil ? .direct : .referral)
        }
    }

    private static func channel(ofMedium medium: String) -> Channel? {
        switch medium {
        case "cpc", "ppc", "cpm", "cpv", "cpa", "cpp", "sem", "ads", "ad", "display", "banner", "retargeting": .paid
        case "email", "e-mail", "e_mail", "e mail", "mail", "newsletter": .mail
        case "social", "social-network", "social-media", "social network", "social media", "sm": .social
        case "organic", "search": .search
        case "ai", "llm", "chatbot": .ai
        case "referral", "affiliate", "partner", "link": .referral
        default: medium.hasPrefix("paid") || medium.hasSuffix("paid") ? .paid : nil
        }
    }

    /// Nil where there is no referrer, or it is the site itself.
    private static func channel(ofReferrer referrer: String?, pageURL: String) -> Channel? {
        guard let referrer, let host = SiteHost(url: referrer) else { return nil }
        if let own = SiteHost(url: pageURL), own.isSameSite(as: host) { return nil }
        return KnownSites.channel(ofHost: host.name) ?? .referral
    }
}

/// The host of an address, in lower case and without `www.`.
struct SiteHost: Equatable {
    let name: String

    init?(url: String) {
        let bytes = Array(url.utf8)
        var start = 0
        for index in bytes.indices.dropLast(2) where bytes[index] == UInt8(ascii: ":") {
            guard bytes[index + 1] == UInt8(ascii: "/"), bytes[index + 2] == UInt8(ascii: "/") else { return nil }
            start = index + 3
            break
        }
        guard start > 0 else { return nil }
        var host = bytes[start...].prefix { byte in
            byte != UInt8(ascii: "/") && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
        }
        if let at = host.lastIndex(of: UInt8(ascii: "@")) { host = host[(at + 1)...] }
        if host.first != UInt8(ascii: "["), let colon = host.firstIndex(of: UInt8(ascii: ":")) { host = host[..<colon] }
        if host.last == UInt8(ascii: ".") { host = host.dropLast() }
        let text = String(decoding: host, as: UTF8.self).lowercased()
        name = text.hasPrefix("www.") ? String(text.dropFirst(4)) : text
        if name.isEmpty { return nil }
    }

    /// The same host, or one is a sub-domain of the other.
    func isSameSite(as other: SiteHost) -> Bool {
        name == other.name || name.hasSuffix("." + other.name) || other.name.hasSuffix("." + name)
    }
}
