import ControlStore
import EventModel
import Foundation
import KeyValue
import TestKit
import Testing
import Warehouse

@testable import Jobs

/// Whole runs: which records are written, under which keys, and what a second run changes.
struct AggregatorTests {
    private let values = KeyValueStore(namespace: "FUNNEL_DATA")

    @discardableResult
    private func run(_ site: Site, writesLive: Bool = true, at slot: Timestamp = Site.slot) throws -> AggregatedRecords
    {
        let records = try site.aggregator().records(at: slot, writesLive: writesLive)
        try site.store.write { try records.publish(in: $0) }
        return records
    }

    private func value(_ key: String, _ store: ControlStore) throws -> String? {
        try store.read { try values.get(key, in: $0)?.json }
    }

    @Test func `a run writes live, days and summaries with the project's id and without`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            site.add("page_view", "ann", at: Site.slot.hours(-13))
            try site.load()
            let records = try run(site)
            let live = try #require(try value("funnel:live", site.store))
            #expect(live == (try value("funnel:\(site.project):live", site.store)))
            #expect(live.hasPrefix("{\"date\":\"2025-01-01\",\"summary\":{\"totalVisitors\":1,"))
            let day = try #require(try value("funnel:daily:2024-12-31", site.store))
            #expect(day.hasPrefix("{\"date\":\"2024-12-31\",\"summary\":{\"totalVisitors\":1,"))
            #expect(
                try value("funnel:\(site.project):summary:2024-12-31", site.store)?.contains("\"totalVisitors\":1,")
                    == true)
            #expect(try value("funnel:daily:2024-12-02", site.store) != nil)
            #expect(try value("funnel:daily:2024-12-01", site.store) == nil)
            #expect(try value("funnel:daily:2025-01-01", site.store) == nil)
            // 30 days and their summaries, and live, each under two keys; the result names them all.
            #expect(records.entries.count == (30 * 2 + 1) * 2)
            let result = try JSONSerialization.jsonObject(with: Data(records.result.utf8)) as? [String: [String]]
            #expect(result?["records"] == records.entries.map(\.key))
        }
    }

    @Test func `records live for 12 hours, 30 days and 90 days`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try run(site)
            func lifetime(_ key: String) throws -> Duration? {
                let entry = try site.store.read { try values.get(key, in: $0) }
                return entry.flatMap { entry in entry.expiresAt.map { $0 - Site.slot } }
            }
            #expect(try lifetime("funnel:live") == .seconds(12 * 3_600))
            #expect(try lifetime("funnel:daily:2024-12-31") == .seconds(30 * 86_400))
            #expect(try lifetime("funnel:summary:2024-12-31") == .seconds(90 * 86_400))
        }
    }

    @Test func `a second run writes the same bytes but for the time it was made`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try site.makeTest("hero", start: Site.slot.hours(-100))
            for number in 0..<40 {
                let user = "user \(number)"
                let time = Site.slot.hours(-90 + Double(number) * 2)
                try site.assign(user, number % 2 == 0 ? "A" : "B", of: "hero", session: "s\(number)", at: time)
                site.add("page_view", user, session: "s\(number)", at: time)
                if number % 5 == 0 { site.buy(user, session: "s\(number)", at: time.hours(0.5), "19.99") }
            }
            try site.load()
            let first = try run(site).entries
            site.clock.advance(by: .seconds(600))
            let second = try run(site).entries
            func settled(_ entry: AggregatedRecords.Entry, _ updated: String) -> String {
                entry.json.replacingOccurrences(of: "\"lastUpdated\":\"\(updated)\"", with: "")
            }
            let byKey = Dictionary(uniqueKeysWithValues: first.map { ($0.key, $0) })
            #expect(second.count == first.count - 23 * 2 * 2)
            for entry in second {
                let before = try #require(byKey[entry.key])
                #expect(settled(before, "2025-01-01T12:00:00Z") == settled(entry, "2025-01-01T12:10:00Z"))
            }
        }
    }

    @Test func `a missed slot writes days and not live`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try run(site, writesLive: false)
            #expect(try value("funnel:live", site.store) == nil)
            #expect(try value("funnel:daily:2024-12-31", site.store) != nil)
        }
    }

    @Test func `every project has its own records and the default one those without an id`() throws {
        try withTemporaryDirectory { directory in
            let first = try Site(directory)
            first.clock.advance(by: .seconds(1))
            let second = try Site(directory, store: first.store)
            first.add("page_view", "ann", at: Site.slot.hours(-1))
            try first.load()
            for user in ["ann", "bob"] { second.add("page_view", user, at: Site.slot.hours(-1)) }
            try second.load()
            func visitors(_ key: String) throws -> String? {
                try value(key, first.store).flatMap {
                    $0.firstMatch(of: /"totalVisitors":([0-9]+)/).map { String($0.1) }
                }
            }
            try run(first)
            #expect(try visitors("funnel:live") == "1")
            #expect(try visitors("funnel:\(first.project):live") == "1")
            #expect(try visitors("funnel:\(second.project):live") == "2")
            var settings = first.settings
            settings.defaultProject = try #require(try first.store.read { try $0.project(second.project) }).name
            let records = try first.aggregator(settings).records(at: Site.slot, writesLive: true)
            try first.store.write { try records.publish(in: $0) }
            #expect(try visitors("funnel:live") == "2")
        }
    }

    @Test func `an old day is left alone unless events of it came in since`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try run(site)
            site.clock.advance(by: .seconds(43_200))
            let later = Site.slot.hours(12)
            #expect(try !run(site, at: later).entries.contains { $0.key == "funnel:daily:2024-12-10" })
            let old = try #require(Timestamp("2024-12-10T10:00:00Z"))
            site.add("page_view", "ann", at: old) { $0.receivedAt = later.hours(1) }
            try site.load()
            site.clock.advance(by: .seconds(43_200))
            let records = try run(site, at: Site.slot.hours(24))
            #expect(records.entries.filter { $0.key == "funnel:daily:2024-12-10" }.count == 1)
            #expect(!records.entries.contains { $0.key == "funnel:daily:2024-12-11" })
            #expect(try value("funnel:daily:2024-12-10", site.store)?.contains("\"totalVisitors\":1,") == true)
        }
    }

    @Test func `every look at a test is kept and its p never rises`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            let start = Site.slot.hours(-30)
            try site.makeTest("hero", start: start)
            for number in 0..<400 {
                let variant = number % 2 == 0 ? "A" : "B"
                try site.assign(
                    "u\(number)", variant, of: "hero", session: "s\(number)", at: start.seconds(Double(number)))
                if variant == "B", number < 200 { site.buy("u\(number)", at: start.hours(1)) }
            }
            for number in 0..<400 where number % 2 == 0 { site.buy("u\(number)", at: Site.slot.hours(2)) }
            try site.load()
            try run(site)
            try run(site, at: Site.slot.hours(12))
            let looks = try site.store.read { try $0.looks(test: "hero", project: site.project) }
            // The end of 2024-12-31 by its daily record, and the two slots; the second is also the end of a day.
            #expect(
                looks.map(\.lookedAt.wholeSecondsText) == [
                    "2025-01-01T00:00:00Z", "2025-01-01T12:00:00Z", "2025-01-02T00:00:00Z",
                ])
            #expect(try #require(looks.first).alwaysValidP < 0.05)
            #expect(zip(looks, looks.dropFirst()).allSatisfy { $0.alwaysValidP >= $1.alwaysValidP })
            #expect(
                try value("funnel:live", site.store)?.contains("\"A\":{\"visitors\":200,\"conversions\":200,") == true)
        }
    }

    @Test func `a project without events has zeros that are known and nulls that are not`() throws {
        try withTemporaryDirectory { directory in
            let site = try Site(directory)
            try run(site)
            let live = try #require(try value("funnel:live", site.store))
            #expect(
                live.contains(
                    "\"totalVisitors\":0,\"totalConversions\":0,\"totalRevenue\":0,\"overallConversionRate\":null"))
        }
    }
}
