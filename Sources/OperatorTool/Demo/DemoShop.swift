/// The shop that demo traffic visits, and who visits it: data alone.
enum DemoShop {
    static let origin = "https://shop.example"
    static let testID = "hero_cta"
    static let heroComponent = "hero"
    /// How likely a visitor who saw the hero buys: the test's true difference.
    static let conversionRates = ["A": 0.06, "B": 0.10]
    /// The same for who never saw it.
    static let baseRate = 0.04

    struct Product: Sendable {
        let path: String
        let name: String
        let cents: Int64
    }

    static let products = [
        Product(path: "/shoes/runner", name: "Runner", cents: 8_990),
        Product(path: "/shoes/court", name: "Court", cents: 7_450),
        Product(path: "/bags/tote", name: "Tote", cents: 4_995),
        Product(path: "/bags/weekender", name: "Weekender", cents: 12_900),
        Product(path: "/socks/merino", name: "Merino socks", cents: 1_890),
    ]

    /// Where visitors land.
    static let landings: [(String, Double)] = [
        ("/", 0.62), ("/shoes/runner", 0.14), ("/bags/tote", 0.08), ("/blog/how-to-choose", 0.10),
        ("/newsletter", 0.06),
    ]

    struct Source: Sendable {
        let referrer: String?
        let query: String
    }

    static let sources: [(Source, Double)] = [
        (Source(referrer: nil, query: ""), 0.30),
        (Source(referrer: "https://www.google.com/", query: ""), 0.28),
        (Source(referrer: "https://www.bing.com/", query: ""), 0.04),
        (
            Source(referrer: "https://www.google.com/", query: "?utm_source=google&utm_medium=cpc&utm_campaign=autumn"),
            0.12
        ),
        (Source(referrer: "https://l.instagram.com/", query: "?utm_source=instagram&utm_medium=social"), 0.09),
        (Source(referrer: nil, query: "?utm_source=newsletter&utm_medium=email&utm_campaign=week_47"), 0.08),
        (Source(referrer: "https://chatgpt.com/", query: "?utm_source=chatgpt.com"), 0.03),
        (Source(referrer: "https://runners.example/best-shoes", query: ""), 0.06),
    ]

    struct Device: Sendable {
        let type: String
        let userAgent: String
        let screen: String
        let width: Double
        let height: Double
    }

    static let devices: [(Device, Double)] = [
        (
            Device(
                type: "mobile",
                userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
                    + "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                screen: "393x852", width: 393, height: 660), 0.30
        ),
        (
            Device(
                type: "mobile",
                userAgent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
                    + "Chrome/141.0.0.0 Mobile Safari/537.36",
                screen: "412x915", width: 412, height: 760), 0.26
        ),
        (
            Device(
                type: "desktop",
                userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                    + "Chrome/141.0.0.0 Safari/537.36",
                screen: "1920x1080", width: 1_536, height: 730), 0.24
        ),
        (
            Device(
                type: "desktop",
                userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
                    + "(KHTML, like Gecko) Version/18.6 Safari/605.1.15",
                screen: "2560x1440", width: 1_440, height: 810), 0.11
        ),
        (
            Device(
                type: "desktop",
                userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
                screen: "1920x1200", width: 1_280, height: 900), 0.04
        ),
        (
            Device(
                type: "tablet",
                userAgent: "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
                    + "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                screen: "820x1180", width: 820, height: 1_080), 0.05
        ),
    ]

    /// Country and language.
    static let places: [((country: String, language: String), Double)] = [
        (("US", "en-US"), 0.38), (("GB", "en-GB"), 0.18), (("DE", "de-DE"), 0.14), (("FR", "fr-FR"), 0.09),
        (("NL", "nl-NL"), 0.06), (("ES", "es-ES"), 0.06), (("AT", "de-AT"), 0.04), (("JP", "ja-JP"), 0.05),
    ]

    /// How busy each hour of the UTC day is, from midnight on; the busiest is 1.
    static let hours: [Double] = [
        0.35, 0.28, 0.22, 0.18, 0.18, 0.22, 0.32, 0.45, 0.56, 0.64, 0.70, 0.74,
        0.78, 0.80, 0.82, 0.84, 0.86, 0.90, 0.96, 1.00, 0.98, 0.86, 0.66, 0.48,
    ]

    static let botAgents = [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ]
}
