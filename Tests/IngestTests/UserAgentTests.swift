import Testing

@testable import Ingest

@Suite struct UserAgentTests {
    private static let webKit = "AppleWebKit/537.36 (KHTML, like Gecko)"

    /// Browsers of people, with the class of their device.
    static let browsers: [(String, String)] = [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) \(webKit) Chrome/126.0.0.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) \(webKit) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "desktop"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
                + "Safari/605.1.15", "desktop"
        ),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "desktop"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) \(webKit) Chrome/126.0.0.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; .NET4.0E; Tablet PC 2.0; rv:11.0) like Gecko", "desktop"),
        ("Opera/9.80 (Windows NT 6.1; U; en) Presto/2.10.289 Version/12.02", "desktop"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                + "Version/17.5 Mobile/15E148 Safari/604.1", "mobile"
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                + "Mobile/15E148 [FBAN/FBIOS;FBAV/400.0.0.30;FBBV/1;FBDV/iPhone14,5;FBMD/iPhone]", "mobile"
        ),
        ("Mozilla/5.0 (Linux; Android 10; K) \(webKit) Chrome/126.0.0.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) \(webKit) Chrome/126.0.0.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "mobile"),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 7) \(webKit) Chrome/120.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT) \(webKit) Chrome/120.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT; wv) \(webKit) Version/4.0 Chrome/120.0 Mobile Safari/537.36", "mobile"),
        (
            "Mozilla/5.0 (Linux; Android 9; X18 Build/PPR1; wv) \(webKit) Version/4.0 Chrome/90.0 Mobile "
                + "Safari/537.36 Instagram 190.0.0.36.119 Android (28/9; 320dpi; 720x1344; CUBOT; X18; mt6739; de_DE)",
            "mobile"
        ),
        ("Mozilla/5.0 (Linux; Android 8.1; Spider-X; wv) \(webKit) Chrome/90.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 12; moto g power (2022)) \(webKit) Chrome/126.0 Mobile Safari/537.36", "mobile"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS)/23.348; U; en) Presto/2.5.25", "mobile"),
        ("Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; rv:11.0; IEMobile/11.0; NOKIA; Lumia 520)", "mobile"),
        ("Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like Gecko) Mobile Safari/537.10+", "mobile"),
        (
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
                + "Mobile/15E148 Safari/604.1", "tablet"
        ),
        ("Mozilla/5.0 (Linux; Android 13; SM-X700) \(webKit) Chrome/126.0.0.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", "tablet"),
        ("Mozilla/5.0 (Linux; Android 9; KFMAWI) \(webKit) Silk/120.1 like Chrome/120.0 Safari/537.36", "tablet"),
    ]

    @Test(arguments: browsers)
    func `no browser is taken for a crawler, and each has its class of device`(_ text: String, _ device: String) {
        Array(text.utf8).withUnsafeBytes {
            #expect(!UserAgent.isBot($0))
            #expect(UserAgent.deviceType($0)?.description == device)
        }
    }

    @Test(arguments: [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) \(webKit) Chrome/125.0.0.0 Mobile Safari/537.36 "
            + "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Googlebot-Image/1.0", "AdsBot-Google (+http://www.google.com/adsbot.html)", "Mediapartners-Google",
        "Mozilla/5.0 (compatible; Google-InspectionTool/1.0)", "GoogleOther", "Storebot-Google/1.0",
        "Mozilla/5.0 \(webKit); compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0 Safari/537.36",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
        "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
        "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
        "Mozilla/5.0 (Linux; Android 7.0;) \(webKit) Mobile Safari/537.36 (compatible; PetalBot;+https://webmaster.x)",
        "Mozilla/5.0 (Linux; Android 5.0) \(webKit) Mobile Safari/537.36 (compatible; Bytespider; spider-f@b.com)",
        "Mozilla/5.0 (Linux; Android 8.0; Nexus; compatible; NewBot/0.1)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 "
            + "Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
        "Mozilla/5.0 \(webKit); compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 \(webKit); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
        "Mozilla/5.0 \(webKit); compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        "CCBot/2.0 (https://commoncrawl.org/faq/)", "meta-externalagent/1.1",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
        "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)", "Screaming Frog SEO Spider/19.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Twitterbot/1.0",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "WhatsApp/2.23.20.0 A",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (X11; Linux x86_64) \(webKit) HeadlessChrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
        "Mozilla/5.0 (Linux; Android 11; moto g power (2022)) \(webKit) Chrome/126.0 Mobile Safari/537.36 "
            + "Chrome-Lighthouse",
        "Mozilla/5.0 (linux) \(webKit) jsdom/22.1.0",
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "Pingdom.com_bot_version_1.4",
        "Mozilla/5.0 (X11; Linux x86_64) \(webKit) Chrome/126.0 Safari/537.36 PTST/240601",
        "my-own-bot", "CUBOT shop crawler", "Scrapy/2.11 (+https://scrapy.org)",
    ])
    func `crawlers, previewers, monitors and driven browsers are known`(_ text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { UserAgent.isBot($0) })
    }

    @Test(arguments: [
        "curl/8.5.0", "Wget/1.21.4", "python-requests/2.32.3", "Python-urllib/3.11", "Go-http-client/2.0",
        "okhttp/4.12.0", "axios/1.7.2", "node-fetch/1.0", "Java/17.0.11", "PostmanRuntime/7.39.0", "",
        "Dalvik/2.1.0 (Linux; U; Android 9; CUBOT X18 Build/PPR1)",
    ])
    func `libraries with which servers send are no crawlers, and have no device`(_ text: String) {
        Array(text.utf8).withUnsafeBytes {
            #expect(!UserAgent.isBot($0))
            #expect(UserAgent.deviceType($0) == nil)
        }
    }

    @Test func `every mark is in lower case, which is how it is compared`() {
        for mark in CrawlerMarks.all + CrawlerMarks.devices {
            #expect(mark.description == mark.description.lowercased() && mark.utf8CodeUnitCount > 2)
        }
    }
}
