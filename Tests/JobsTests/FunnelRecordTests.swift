import ControlStore
import EventModel
import Foundation
import TestKit
import Testing
import Warehouse

@testable import Jobs

struct FunnelRecordTests {
    private static let date = Timestamp(milliseconds: 1_735_732_800_000)

    private func exampleRecord() throws -> FunnelRecord {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let project = try makeProject(store)
            var draft = ABTestDraft(testID: "hero_cta")
            draft.startDate = Self.date.hours(-24 * 7 - 5)
            let planned = try store.write { try $0.createTest(draft, project: project) }
            var figures = TestFigures()
            figures.a = .init(visitors: 623, conversions: 38, revenue: Money(unscaled: 76_000_000))
            figures.b = .init(visitors: 624, conversions: 51, revenue: Money(unscaled: 102_000_000))
            var own = OwnFigures()
            own.counts.visitors = 1_247
            own.counts.conversions = 89
            own.counts.rageClicks = 12
            own.counts.ctaClicks = 45
            own.counts.formInteractions = 28
            own.revenue.total = Money(unscaled: 178_000_000)
            own.sessions.sessions = 1_300
            own.sessions.seconds = 1_300 * 180 + 100
            own.sessions.bounces = 585
            own.sessions.scrolled = 100
            own.sessions.depthMillionths = 72_000_000
            return FunnelRecord(
                window: .live(at: Self.date), figures: own,
                test: .init(
                    planned: planned, figures: figures,
                    verdict: TestVerdict(figures, of: planned, mixingEffect: 0.02, previousP: nil)),
                sources: RecordSources(own: own, loadedTo: Self.date, currency: "USD"), updatedAt: Self.date)
        }
    }

    /// The texts are those of the specification's example of a record.
    @Test func `the worked example comes out as it is written`() throws {
        let json = try exampleRecord().json
        for part in [
            #"{"date":"2025-01-01","summary":{"totalVisitors":1247,"totalConversions":89,"totalRevenue":17800,"#
                + #""overallConversionRate":0.071,"testDuration":7,"confidenceLevel":84.5,"winner":"none","#
                + #""improvement":"+34.0%"}"#,
            #""variants":{"A":{"visitors":623,"conversions":38,"conversionRate":0.061,"revenue":7600,"#
                + #""trafficAllocation":50},"B":{"visitors":624,"conversions":51,"conversionRate":0.082,"#
                + #""revenue":10200,"trafficAllocation":50}}"#,
            #""engagement":{"averageSessionDuration":180,"bounceRate":0.45,"rageClicks":12,"scrollDepth":0.72}"#,
            #""heatmap":{"ctaClicks":45,"formInteractions":28},"lastUpdated":"2025-01-01T12:00:00Z""#,
            #""statistics":{"test_id":"hero_cta","source":"own","rates":{"A":{"rate":0.061,"low":0.0448,"#
                + #""high":0.0826},"B":{"rate":0.082,"low":0.0627,"high":0.1059}},"z":1.42,"p":0.155,"#
                + #""always_valid_p":0.876,"probability_b_beats_a":0.922,"sample_ratio_p":0.977,"crossovers":0,"#
                + #""visitors_needed_per_variant":2419,"reason":"confidence below threshold"}"#,
            #""ga4":{"state":"off","as_of":null,"detail":null,"totals":null}"#,
            #""own":{"state":"ok","as_of":"2025-01-01T12:00:00Z","detail":null,"totals":{"visitors":1247,"#
                + #""conversions":89,"revenue":17800,"sessions":1300}}"#,
        ] { #expect(json.contains(part), "\(part) is not in \(json)") }
    }

    @Test func `the summary is the small one of the example`() throws {
        #expect(
            try exampleRecord().summaryJSON
                == #"{"date":"2025-01-01","totalVisitors":1247,"totalConversions":89,"totalRevenue":17800,"#
                + #""winner":"none","confidence":84.5}"#)
    }

    @Test func `without visitors and test the unknown is null and the known is 0`() throws {
        let record = FunnelRecord(
            window: .daily(Self.date.day), figures: OwnFigures(), test: nil,
            sources: RecordSources(own: OwnFigures(), loadedTo: Self.date, currency: "USD"), updatedAt: Self.date)
        #expect(
            record.json.hasPrefix(
                #"{"date":"2025-01-01","summary":{"totalVisitors":0,"totalConversions":0,"totalRevenue":0,"#
                    + #""overallConversionRate":null,"testDuration":null,"confidenceLevel":null,"winner":"none","#
                    + #""improvement":null},"variants":{},"engagement":{"averageSessionDuration":null,"#
                    + #""bounceRate":null,"rageClicks":0,"scrollDepth":null},"heatmap":{"ctaClicks":0,"#
                    + #""formInteractions":0},"#))
        #expect(record.json.hasSuffix(#""statistics":null}"#))
        #expect(record.summaryJSON.contains(#""confidence":null"#))
    }

    @Test(arguments: [
        (0.12345, 3, "0.123"), (0.1235, 3, "0.124"), (-0.5, 0, "-1"), (84.0, 1, "84"), (0.0004, 3, "0"),
        (-0.01, 1, "0"),
    ]) func `numbers are rounded without zeros at their end`(number: Double, places: Int, text: String) {
        #expect(Value.rounded(number, places).json == text)
    }

    @Test func `a small probability is not shown as none`() {
        #expect(Value.probability(0.1549).json == "0.155")
        #expect(Value.probability(0.000412).json == "0.00041")
        #expect(Value.probability(0.0000000351).json == "0.000000035")
        #expect(Value.probability(0).json == "0")
        #expect(Value.probability(nil).json == "null")
        #expect(Value.rounded(.nan, 2).json == "null")
    }

    @Test func `a worse B has a minus, an equal one a plus`() throws {
        var record = try exampleRecord()
        func improvement(_ a: Int, _ b: Int) throws -> String {
            let planned = try #require(record.test).planned
            var figures = TestFigures()
            figures.a = .init(visitors: 1_000, conversions: a)
            figures.b = .init(visitors: 1_000, conversions: b)
            record.test = .init(
                planned: planned, figures: figures,
                verdict: TestVerdict(figures, of: planned, mixingEffect: 0.02, previousP: nil))
            let json = try JSONSerialization.jsonObject(with: Data(record.json.utf8)) as? [String: Any]
            return (json?["summary"] as? [String: Any])?["improvement"] as? String ?? "null"
        }
        #expect(try improvement(100, 95) == "-5.0%")
        #expect(try improvement(100, 100) == "+0.0%")
        #expect(try improvement(0, 95) == "null")
    }
}
