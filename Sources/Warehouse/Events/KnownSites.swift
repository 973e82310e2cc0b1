/// Search engines, social networks, mailboxes and AI assistants, by host and by the names that `utm_source` has.
enum KnownSites {
    /// The channel of a `utm_source`, which may be a host or a name.
    static func channel(ofSource source: String) -> Channel? {
        names[source] ?? channel(ofHost: source.hasPrefix("www.") ? String(source.dropFirst(4)) : source)
    }

    /// The channel of a host in lower case, without `www.`. The longest known part of it decides, so that
    /// `gemini.google.com` is no search.
    static func channel(ofHost host: String) -> Channel? {
        if let channel = hosts[host] { return channel }
        if host.hasPrefix("mail.") || host.hasPrefix("webmail.") { return .mail }
        var domain = host[...]
        while let dot = domain.firstIndex(of: ".") {
            if let channel = domains[String(domain)] { return channel }
            domain = domain[domain.index(after: dot)...]
        }
        let brand = host.prefix { $0 != "." }
        return brand.count < host.count && enginesOfManyCountries.contains(String(brand)) ? .search : nil
    }

    /// Engines with a host in each country, such as `google.de`; their other sub-domains are no searches.
    private static let enginesOfManyCountries: Set<String> = ["google", "yandex", "yahoo", "bing"]

    /// Exactly these hosts.
    private static let hosts: [String: Channel] = [
        "gemini.google.com": .ai, "bard.google.com": .ai, "notebooklm.google.com": .ai, "copilot.microsoft.com": .ai,
        "m365.cloud.microsoft": .ai, "edgeservices.bing.com": .ai, "chat.openai.com": .ai,
        "com.openai.chatgpt": .ai, "com.anthropic.claude": .ai, "ai.perplexity.app.android": .ai,
        "outlook.live.com": .mail, "outlook.office.com": .mail, "outlook.office365.com": .mail,
        "com.google.android.gm": .mail,
        "cn.bing.com": .search, "news.google.com": .search, "images.google.com": .search, "search.brave.com": .search,
        "search.naver.com": .search, "m.baidu.com": .search, "search.yahoo.com": .search, "search.seznam.cz": .search,
        "com.google.android.googlequicksearchbox": .search,
        "com.linkedin.android": .social, "com.facebook.katana": .social, "com.reddit.frontpage": .social,
    ]

    /// These and their sub-domains.
    private static let domains: [String: Channel] = [
        "chatgpt.com": .ai, "openai.com": .ai, "perplexity.ai": .ai, "claude.ai": .ai, "copilot.com": .ai,
        "deepseek.com": .ai, "grok.com": .ai, "x.ai": .ai, "you.com": .ai, "phind.com": .ai, "poe.com": .ai,
        "meta.ai": .ai, "mistral.ai": .ai, "pi.ai": .ai, "duck.ai": .ai, "qwen.ai": .ai, "kimi.com": .ai,
        "search.yahoo.com": .search, "duckduckgo.com": .search, "ecosia.org": .search, "startpage.com": .search,
        "qwant.com": .search, "kagi.com": .search, "baidu.com": .search, "sogou.com": .search, "so.com": .search,
        "ask.com": .search, "mojeek.com": .search, "swisscows.com": .search, "seznam.cz": .search,
        "facebook.com": .social, "fb.com": .social, "fb.me": .social, "instagram.com": .social, "t.co": .social,
        "x.com": .social, "twitter.com": .social, "linkedin.com": .social, "lnkd.in": .social,
        "pinterest.com": .social, "pinterest.de": .social, "pinterest.co.uk": .social, "pin.it": .social,
        "reddit.com": .social, "youtube.com": .social, "youtu.be": .social, "tiktok.com": .social,
        "threads.net": .social, "threads.com": .social, "bsky.app": .social, "mastodon.social": .social,
        "snapchat.com": .social, "whatsapp.com": .social, "t.me": .social, "telegram.org": .social, "vk.com": .social,
        "ycombinator.com": .social, "quora.com": .social, "tumblr.com": .social, "weibo.com": .social,
        "xing.com": .social, "discord.com": .social, "twitch.tv": .social,
    ]

    /// Names that stand in `utm_source`.
    private static let names: [String: Channel] = [
        "chatgpt": .ai, "openai": .ai, "perplexity": .ai, "claude": .ai, "copilot": .ai, "gemini": .ai, "grok": .ai,
        "deepseek": .ai,
        "google": .search, "bing": .search, "duckduckgo": .search, "yahoo": .search, "yandex": .search,
        "baidu": .search, "ecosia": .search,
        "facebook": .social, "fb": .social, "instagram": .social, "ig": .social, "twitter": .social, "x": .social,
        "linkedin": .social, "pinterest": .social, "reddit": .social, "youtube": .social, "tiktok": .social,
        "threads": .social, "bluesky": .social, "mastodon": .social, "whatsapp": .social, "telegram": .social,
        "newsletter": .mail, "mail": .mail, "email": .mail, "e-mail": .mail, "mailchimp": .mail, "klaviyo": .mail,
    ]
}
