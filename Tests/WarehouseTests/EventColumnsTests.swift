import EventModel
import Testing

@testable import Warehouse

@Suite struct EventColumnsTests {
    static let page = "https://www.shop.example/a"

    @Test(
        arguments: [
            (nil, "", Channel.direct),
            ("", "", .direct), ("not an address", "", .direct),
            ("https://shop.example/b", "", .direct), ("https://WWW.SHOP.example:8443/b?x", "", .direct),
            ("https://blog.shop.example/", "", .direct), ("https://notshop.example/", "", .referral),
            ("https://www.google.com/", "", .search), ("https://google.co.uk/search?q=x", "", .search),
            ("https://docs.google.com/", "", .referral), ("https://search.yahoo.com/", "", .search),
            ("https://duckduckgo.com/", "", .search), ("https://m.facebook.com/x", "", .social),
            ("https://t.co/abc", "", .social), ("https://mail.google.com/", "", .mail),
            ("android-app://com.google.android.gm/", "", .mail), ("https://webmail.host.example/", "", .mail),
            ("https://chatgpt.com/", "", .ai), ("https://www.perplexity.ai/search", "", .ai),
            ("https://gemini.google.com/app", "", .ai), ("https://claude.ai/", "", .ai),
            ("https://copilot.microsoft.com/", "", .ai), ("https://chat.openai.com/", "", .ai),
            ("https://partner.example/", "", .referral),
            (nil, "?utm_source=chatgpt.com", .ai), (nil, "?utm_source=chatgpt.com&utm_medium=referral", .ai),
            (nil, "?utm_source=google&utm_medium=cpc", .paid), (nil, "?utm_source=google&utm_medium=PPC", .paid),
            (nil, "?utm_medium=paid_social&utm_source=facebook", .paid), ("https://www.google.com/", "?gclid=x", .paid),
            ("https://www.google.com/", "?utm_medium=email&utm_source=news", .mail),
            (nil, "?utm_source=newsletter", .mail),
            (nil, "?utm_source=linkedin", .social), (nil, "?utm_medium=social&utm_source=agency", .social),
            (nil, "?utm_medium=organic&utm_source=other", .search), (nil, "?utm_source=agency", .referral),
            ("https://www.bing.com/", "?utm_source=agency", .search), (nil, "?ref=agency", .direct),
            ("https://shop.example/b", "?utm_source=google&utm_medium=cpc", .paid),
        ] as [(String?, String, Channel)])
    func `the channel follows from source and referrer`(referrer: String?, query: String, channel: Channel) {
        var event = Self.event(Self.page + query)
        event.referrer = referrer
        #expect(EventColumns(event).channel == channel)
    }

    @Test(arguments: [
        ("https://a.example/", TrafficSource()),
        ("https://a.example/?utm_source=x", TrafficSource(source: "x")),
        (
            "?utm_source=a+b%20c%C3%A4&utm_medium=%zz&utm_campaign=1%2",
            TrafficSource(source: "a b cä", medium: "%zz", campaign: "1%2")
        ),
        ("/?utm_source=first&utm_source=second", TrafficSource(source: "first")),
        ("/?utm_source=&utm_medium&utm_campaign==x", TrafficSource(campaign: "=x")),
        ("/#/route?utm_source=x", TrafficSource()), ("/?a=b#utm_source=x", TrafficSource()),
        ("/?utm_source=%00", TrafficSource()), ("/?utm_source=a%00b", TrafficSource(source: "ab")),
        ("/?UTM_SOURCE=x&xutm_source=y&msclkid=1", TrafficSource(hasAdClick: true)), ("?", TrafficSource()),
        ("", TrafficSource()),
    ])
    func `an address names its source`(url: String, source: TrafficSource) {
        #expect(TrafficSource(pageURL: url) == source)
    }

    @Test(
        arguments: [
            ("19.99", 199_900), ("0", 0), ("-5", -50_000), ("+5", 50_000), ("007.5", 75_000), ("0.00005", 1),
            ("0.00004999", 0), ("-0.00005", -1), ("1e3", 10_000_000), ("1.5E-2", 150), ("12345e-9", 0),
            ("1.00005", 10_001),
            ("99999999999999.9999", 999_999_999_999_999_999), ("0e999", 0), ("123456e-5", 12_346),
        ] as [(String, Int64)])
    func `a number is an amount`(text: String, unscaled: Int64) { #expect(Revenue(text)?.unscaled == unscaled) }

    @Test(arguments: [
        "", " 1", "1 ", "€5", "1,5", "1.", ".5", "--1", "1e", "1e1234", "0x10", "NaN", "inf", "true", "\"5\"", "١",
        "100000000000000", "99999999999999.99995", "1e99", String(repeating: "1", count: 65),
    ])
    func `any other text is none`(text: String) { #expect(Revenue(text) == nil) }

    @Test func `revenue is the property of that name`() {
        var event = Self.event(Self.page)
        #expect(EventColumns(event).revenue == nil)
        event.properties = [.init(name: "revenue", value: "1"), .init(name: "revenue", value: "2.5")]
        #expect(EventColumns(event).revenue == Revenue(unscaled: 25_000))
        event.properties = [.init(name: "revenue", value: "much"), .init(name: "total", value: "3")]
        #expect(EventColumns(event).revenue == nil)
    }

    private static func event(_ url: String) -> Event {
        Event(
            id: EventID(high: 1, low: 2), projectID: ProjectID(rawValue: "proj_0123456789ab"),
            receivedAt: SampleEvents.start, timestamp: SampleEvents.start, eventType: "page_view", pageURL: url)
    }
}
