/// What a `User-Agent` says of the device and of who is behind it. A rough guess, on purpose: three classes of device,
/// and crawlers that say so.
enum UserAgent {
    /// `mobile`, `tablet` or `desktop`; nil where the text is no browser's.
    static func deviceType(_ text: UnsafeRawBufferPointer) -> StaticString? {
        if text.holds("iPad") || text.holds("Tablet") || text.holds("PlayBook") || text.holds("Silk/")
            || text.holds("Kindle")
        {
            return "tablet"
        }
        if text.holds("Mobi") || text.holds("iPhone") || text.holds("iPod") || text.holds("Opera Mini")
            || text.holds("IEMobile")
        {
            return "mobile"
        }
        if text.holds("Android") { return "tablet" }
        return text.holds("Mozilla/") || text.holds("Opera/") ? "desktop" : nil
    }

    /// Marks of crawlers, previewers and browsers that a program drives. In lower case; compared without case.
    private static let botMarks: [StaticString] = [
        "bot/", "bot;", "bot)", "-bot", "slackbot", "googlebot", "bingbot", "applebot", "crawl", "spider", "slurp",
        "headlesschrome", "phantomjs", "puppeteer", "playwright", "selenium", "webdriver", "cypress/",
        "lighthouse", "pagespeed", "pingdom", "uptimerobot", "statuscake", "site24x7", "gtmetrix",
        "facebookexternalhit", "bytespider", "mediapartners-google", "adsbot", "google-inspectiontool", "feedfetcher",
        "ia_archiver",
        "yandex.com/bots", "baiduspider", "duckduckgo-favicons", "embedly", "whatsapp/", "telegrambot", "bingpreview",
        "web preview",
        "gptbot", "chatgpt-user", "claudebot", "claude-web", "ccbot", "perplexity", "oai-searchbot", "bot@",
    ]

    /// Whether the text is a known crawler's or a driven browser's. (Cubot makes telephones.)
    static func isBot(_ text: UnsafeRawBufferPointer) -> Bool {
        let lowered = text.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        guard !lowered.withUnsafeBytes({ $0.holds("cubot") }) else { return false }
        return lowered.withUnsafeBytes { lowered in
            botMarks.contains { lowered.holds($0) } || lowered.hasEnding("bot")
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the text occurs anywhere in the bytes.
    func holds(_ text: StaticString) -> Bool {
        let size = text.utf8CodeUnitCount
        guard size > 0, size <= count else { return false }
        let first = text.utf8Start[0]
        for start in 0...(count - size) where self[start] == first {
            var index = 1
            while index < size, self[start + index] == text.utf8Start[index] { index += 1 }
            if index == size { return true }
        }
        return false
    }

    func hasEnding(_ text: StaticString) -> Bool {
        let size = text.utf8CodeUnitCount
        guard size <= count else { return false }
        return (0..<size).allSatisfy { self[count - size + $0] == text.utf8Start[$0] }
    }

    /// Whether the bytes are the text, ASCII letters in either case; `text` is in lower case.
    func isEqualIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            let lowered = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            guard lowered == text.utf8Start[index] else { return false }
        }
        return true
    }

    func isEqual(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && holds(text)
    }

    /// The bytes between `start` and `end`, counted from 0.
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }
}
