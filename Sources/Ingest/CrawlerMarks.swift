/// Texts by which crawlers, previewers, monitors and driven browsers tell what they are. In lower case.
///
/// Libraries such as curl or python-requests are not among them: servers send events with those.
enum CrawlerMarks {
    static let all: [StaticString] = [
        // What any of them says of itself.
        "bot/", "bot;", "bot)", "bot,", "bot-", "-bot", "_bot", "bot@", "/bot.htm", "bot.html", "/bots", "robot/",
        "crawl", "spider/", "spider;", "spider)", "spider+", "spider-", "-spider", " spider ", "slurp", "scrapy/",
        // Search.
        "googlebot", "google-inspectiontool", "googleother", "mediapartners-google", "apis-google", "feedfetcher",
        "google-read-aloud", "google-site-verification", "google-safety", "google web preview", "google favicon",
        "bingbot", "bingpreview", "msnbot", "adidxbot", "yandex.com/bots", "baiduspider", "sogou web spider",
        "yahoo! slurp", "duckduckgo-favicons", "applebot", "qwantify", "petalbot", "ia_archiver", "archive.org_bot",
        "heritrix", "nutch", "httrack",
        // Models and the assistants that fetch for them.
        "gptbot", "chatgpt-user", "oai-searchbot", "claudebot", "claude-web", "claude-user", "claude-searchbot",
        "anthropic-ai", "ccbot", "perplexitybot", "perplexity-user", "bytespider", "tiktokspider", "amazonbot",
        "meta-externalagent", "meta-externalfetcher", "cohere-ai", "diffbot", "youbot", "omgili", "mistralai-user",
        // Marketing.
        "ahrefs", "semrushbot", "siteauditbot", "mj12bot", "dotbot", "rogerbot", "blexbot", "dataforseobot",
        "screaming frog",
        // Previews.
        "facebookexternalhit", "facebot", "twitterbot", "linkedinbot", "pinterestbot", "slackbot", "slack-imgproxy",
        "discordbot", "telegrambot", "redditbot", "whatsapp/", "skypeuripreview", "embedly", "iframely",
        "flipboardproxy", "vkshare", "web preview",
        // Monitors and measurements.
        "lighthouse", "pagespeed", "page speed insights", "gtmetrix", "ptst/", "pingdom", "uptimerobot",
        "better uptime", "uptime-kuma", "statuscake", "site24x7", "hetrixtools", "newrelicpinger",
        "datadogsynthetics", "catchpoint", "w3c_validator", "validator.nu",
        // Browsers that a program drives.
        "headless", "phantomjs", "slimerjs", "puppeteer", "playwright", "selenium", "webdriver", "cypress/",
        "htmlunit", "jsdom/", "happydom/", "prerender", "rendertron",
    ]

    /// Names of devices in which such a text occurs.
    static let devices: [StaticString] = ["cubot"]

    /// Whether any text may begin with these two bytes: by the five lower bits of each, which tells most that don't.
    static func mayBegin(_ first: UInt8, _ second: UInt8) -> Bool { beginnings[place(first, second)] }

    private static func place(_ first: UInt8, _ second: UInt8) -> Int { Int(first & 31) << 5 | Int(second & 31) }

    private static let beginnings: [Bool] = {
        var table = [Bool](repeating: false, count: 32 * 32)
        for mark in all { table[place(mark.utf8Start[0], mark.utf8Start[1])] = true }
        return table
    }()

    /// The texts by their first byte, so that one pass over a user agent finds any of them.
    static let byFirstByte: [[StaticString]] = {
        var table = [[StaticString]](repeating: [], count: 256)
        for mark in all { table[Int(mark.utf8Start[0])].append(mark) }
        return table
    }()
}
