import EventModel
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import TestKit
import Testing

@testable import API
@testable import Dashboard

@Suite struct DashboardTests {
    private let path = "/admin/funnel-dashboard/"
    private let record = """
        {"date":"2025-11-21","summary":{"totalVisitors":1247,"totalConversions":89,"totalRevenue":17800,\
        "overallConversionRate":0.071,"testDuration":7,"confidenceLevel":84.5,"winner":"none","improvement":"+34.0%"},\
        "variants":{"A":{"visitors":623,"conversions":38,"conversionRate":0.061,"revenue":7600,\
        "trafficAllocation":49.9},\
        "B":{"visitors":624,"conversions":51,"conversionRate":0.082,"revenue":10200,"trafficAllocation":50.1}},\
        "engagement":{"averageSessionDuration":180,"bounceRate":0.45,"rageClicks":12,"scrollDepth":null},\
        "heatmap":{"ctaClicks":45,"formInteractions":28},"lastUpdated":"2025-11-21T12:00:00Z",\
        "sources":{"own":{"state":"ok","as_of":"2025-11-21T12:00:00Z","detail":"<b>3 left out</b>",\
        "totals":{"visitors":1247,"conversions":89,"revenue":17800,"sessions":1600}},"ga4":{"state":"off"}},\
        "statistics":{"test_id":"hero_cta","source":"own","rates":{"A":{"rate":0.061,"low":0.0448,"high":0.0826},\
        "B":{"rate":0.0817,"low":0.0628,"high":0.1058}},"z":1.42,"p":0.155,"always_valid_p":0.876,\
        "probability_b_beats_a":0.922,"sample_ratio_p":0.977,"crossovers":0,"visitors_needed_per_variant":2419,\
        "reason":"confidence below threshold"}}
        """

    private func summary(
        _ date: String, visitors: Int, conversions: Int, revenue: String, confidence: Double
    ) -> String {
        """
        {"date":"\(date)","totalVisitors":\(visitors),"totalConversions":\(conversions),"totalRevenue":\(revenue),\
        "winner":"none","confidence":\(confidence)}
        """
    }

    @Test func `the page shows the numbers, the variants and the reason without JavaScript`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store, name: "Shop <One>")
            try api.put("funnel:\(project):live", record)
            try api.put(
                "funnel:\(project):summary:2025-11-20",
                summary("2025-11-20", visitors: 1180, conversions: 80, revenue: "16000.5", confidence: 71.2)
            )
            let response = try await api.get(path, RunningAPI.basic())
            #expect(response.status == .ok)
            let html = response.text
            for text in [
                "1,247", "$17,800", "7.1%", "1,180 on 20 Nov", "A/B test hero_cta", "No winner yet.",
                "Confidence below threshold.", "4.5–8.3%", "0.876", "92.2%", "2,419", "3 min 00 s", "45.0%",
                "$16,000.50", "71.2%", "Own events", "Google Analytics 4", "21 Nov 2025, 12:00 UTC (just now)",
            ] { #expect(html.contains(text), "\(text) is missing") }
            #expect(html.contains("Shop &lt;One&gt;") && !html.contains("<One>"))
            #expect(html.contains("&lt;b&gt;3 left out") && !html.contains("<b>"))
            // What is unknown is neither a zero nor silent.
            #expect(html.contains("not known"))
            #expect(!html.contains("style=") && !html.contains("onclick"))
        }
    }

    @Test func `the page may load nothing but its own files, which are there and small`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            try api.put("funnel:\(project):live", record)
            for index: Int64 in 0..<90 {
                let day = RunningAPI.start.day.advanced(by: -index)
                try api.put(
                    "funnel:\(project):summary:\(day)",
                    summary("\(day)", visitors: 123_456, conversions: 9_876, revenue: "1234567.89", confidence: 84.5)
                )
            }
            let page = try await api.get(path, RunningAPI.basic())
            #expect(page.headers[.contentSecurityPolicy] == Dashboard.contentSecurityPolicy)
            #expect(page.headers[.cacheControl] == "no-store")
            var bytes = page.body.readableBytes
            for asset in [Assets.style, Assets.script] {
                #expect(page.text.contains(asset.address))
                let file = try await api.get(path + asset.address, RunningAPI.basic())
                #expect(file.status == .ok)
                #expect(file.headers[.contentType] == asset.type)
                bytes += file.body.readableBytes
            }
            #expect(bytes < 100_000)
        }
    }

    @Test func `only a user sees page, files and live numbers`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            let key = try api.key(of: project, .secret)
            for place in ["", "live.json", Assets.style.name, Assets.script.name] {
                let anonymous = try await api.get(path + place)
                #expect(anonymous.status == .unauthorized)
                #expect(anonymous.headers[.wwwAuthenticate]?.hasPrefix("Basic ") == true)
                #expect(try await api.get(path + place, [.apiKey: key]).status == .unauthorized)
                #expect(try await api.get(path + place, RunningAPI.basic()).status == .ok)
            }
            let wrongName = try await api.get(path, RunningAPI.basic("eve"))
            let wrongPassword = try await api.get(path, RunningAPI.basic(RunningAPI.userName, "guess"))
            #expect(wrongName.status == .unauthorized)
            #expect(wrongName.text == wrongPassword.text)
        }
    }

    @Test func `the eleventh wrong password from behind the proxy is a 429 for that visitor alone`() async throws {
        try await RunningAPI.with { api in
            try makeProject(api.store)
            var wrong = RunningAPI.basic(RunningAPI.userName, "guess")
            wrong[.forwardedFor] = "198.51.100.7"
            for _ in 0..<10 { #expect(try await api.get(path, wrong).status == .unauthorized) }
            let limited = try await api.get(path, wrong)
            #expect(limited.status == .tooManyRequests)
            #expect(limited.headers[.retryAfter] != nil)
            var other = RunningAPI.basic()
            other[.forwardedFor] = "198.51.100.8"
            #expect(try await api.get(path, other).status == .ok)
        }
    }

    @Test func `without its slash the page's path leads to the page, with the query`() async throws {
        try await RunningAPI.with { api in
            let response = try await api.get("/admin/funnel-dashboard?project_id=x", RunningAPI.basic())
            #expect(response.status == .permanentRedirect)
            #expect(response.headers[.location] == "funnel-dashboard/?project_id=x")
        }
    }

    @Test func `a choice of projects is there where there are several, with the shown one chosen`() async throws {
        try await RunningAPI.with { api in
            let first = try makeProject(api.store, name: "First")
            #expect(try await !api.get(path, RunningAPI.basic()).text.contains("<form"))
            api.clock.advance(by: .seconds(1))
            let second = try makeProject(api.store, name: "Second")
            let html = try await api.get(path + "?project_id=\(second)", RunningAPI.basic()).text
            #expect(html.contains("<option value=\"\(second)\" selected>Second</option>"))
            #expect(html.contains("<option value=\"\(first)\">First</option>"))
        }
    }

    @Test func `old numbers, none, and a silent loader are said`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            #expect(try await api.get(path, RunningAPI.basic()).text.contains("There are no numbers"))
            try api.put(
                "funnel:\(project):daily:2025-11-20", #"{"date":"2025-11-20","lastUpdated":"2025-11-20T12:00:00Z"}"#)
            let directory = api.configuration.statusDirectory
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let status = #"{"lag_seconds":0.2,"updated_at":"2025-11-21T11:00:00.000Z"}"#
            try Data(status.utf8).write(to: URL(filePath: directory + "/millrace-load.json"))
            let html = try await api.get(path, RunningAPI.basic()).text
            #expect(html.contains("These numbers are old."))
            #expect(html.contains("The UTC day 2025-11-20"))
            #expect(html.contains("Loader silent since 21 Nov 2025, 11:00 UTC"))
        }
    }

    @Test func `the live numbers are the page's own texts`() async throws {
        struct Live: Decodable {
            let fields: [String: String]
            let record: String?
        }
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            try api.put("funnel:\(project):live", record)
            let response = try await api.get(path + "live.json", RunningAPI.basic())
            let live = try JSONDecoder().decode(Live.self, from: Data(buffer: response.body))
            #expect(live.record == "2025-11-21T12:00:00Z")
            #expect(live.fields["visitors"] == "1,247")
            let page = try await api.get(path, RunningAPI.basic()).text
            for (name, text) in live.fields {
                #expect(page.contains("data-live=\"\(name)\">\(text)<"), "\(name) is not on the page as \(text)")
            }
        }
    }

    @Test func `a record that cannot be read shows as unknown instead of breaking the page`() async throws {
        try await RunningAPI.with { api in
            let project = try makeProject(api.store)
            try api.put("funnel:\(project):live", #"{"summary":{"totalVisitors":"many"}}"#)
            let response = try await api.get(path, RunningAPI.basic())
            #expect(response.status == .ok)
            #expect(response.text.contains("There are no numbers"))
        }
    }
}
