import EventModel
import Testing

@testable import Dashboard

@Suite struct MarkupTests {
    @Test func `every text and every attribute value is escaped`() {
        let hostile = "<script>alert('x')</script>&\""
        let escaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"
        #expect(tag("p") { hostile }.html == "<p>\(escaped)</p>")
        #expect(tag("a", ["href": hostile]) { "x" }.html == "<a href=\"\(escaped)\">x</a>")
    }

    @Test func `attributes that are nil are left out, empty ones stand alone, void elements have no end`() {
        #expect(tag("option", ["selected": "", "value": nil]) { "a" }.html == "<option selected>a</option>")
        #expect(tag("meta", ["name": "x"]).html == "<meta name=\"x\">")
        let list = tag("ul") { for item in ["a", "b"] { tag("li") { item } } }
        #expect(list.html == "<ul><li>a</li><li>b</li></ul>")
    }

    @Test func `numbers read as people write them`() {
        #expect(Figures.count(1_247) == "1,247")
        #expect(Figures.count(1_234_567) == "1,234,567")
        #expect(Figures.count(0) == "0")
        #expect(Figures.count(nil) == nil)
        #expect(Figures.count(.nan) == nil)
        #expect(Figures.money(17_800, currency: "USD") == "$17,800")
        #expect(Figures.money(17_800.5, currency: "EUR") == "€17,800.50")
        #expect(Figures.money(0.1 + 0.2, currency: "CHF") == "CHF 0.30")
        #expect(Figures.money(-3, currency: "GBP") == "−£3")
        #expect(Figures.money(1e300, currency: "USD") == nil)
        #expect(Figures.percent(0.071) == "7.1%")
        #expect(Figures.percent(1) == "100.0%")
        #expect(Figures.interval(0.0448, 0.0826) == "4.5–8.3%")
        #expect(Figures.probability(0.155) == "0.155")
        #expect(Figures.probability(0.0004) == "< 0.001")
        #expect(Figures.probability(0) == "0.000")
        #expect(Figures.decimal(-0.25, digits: 1) == "−0.3")
    }

    @Test func `times and durations read as people say them`() {
        #expect(Figures.seconds(42) == "42 s")
        #expect(Figures.seconds(180) == "3 min 00 s")
        #expect(Figures.seconds(3_725) == "1 h 02 min")
        #expect(Figures.ago(.seconds(59)) == "just now")
        #expect(Figures.ago(.seconds(60)) == "1 minute ago")
        #expect(Figures.ago(.seconds(7_200)) == "2 hours ago")
        #expect(Figures.ago(.seconds(86_400 * 3)) == "3 days ago")
        #expect(Figures.moment(Timestamp(milliseconds: 1_763_726_400_000)) == "21 Nov 2025, 12:00 UTC")
    }

    @Test func `a chart has a bar for every known day at its place and height`() throws {
        let days = try [("2025-11-18", "10"), ("2025-11-19", "null"), ("2025-11-21", "40")].map { date, visitors in
            try #require(DaySummary(json: #"{"date":"\#(date)","totalVisitors":\#(visitors)}"#))
        }
        let html = BarChart(title: "Visitors a day", days: days, value: \.totalVisitors, format: Figures.count).markup()
            .html
        #expect(html.components(separatedBy: "<rect").count - 1 == 2)
        // 14 places, the newest day in the last: x = 13 × 10 + 1.
        #expect(html.contains(#"x="131" y="0" width="8" height="100""#))
        #expect(html.contains(#"x="101" y="75" width="8" height="25""#))
        #expect(html.contains("8 Nov to 21 Nov; highest 40 on 21 Nov"))
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
