import EventModel
import TestKit
import Testing

@testable import Warehouse

@Suite struct EventIDLookUpTests {
    @Test func `ids that stand in a file are found, and no other`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: 21)
            let first = samples.events(5_000)
            let second = samples.events(3_000)
            _ = try warehouse.write(first, to: directory + "/1.parquet")
            _ = try warehouse.write(second, to: directory + "/2.parquet")
            let strangers = samples.events(2_500).map(\.event.id)
            let wanted = first.prefix(2_000).map(\.event.id) + strangers + second.suffix(100).map(\.event.id)
            let found = try warehouse.existing(
                ids: wanted + wanted, in: [directory + "/1.parquet", directory + "/2.parquet"])
            #expect(found == Set(first.prefix(2_000).map(\.event.id) + second.suffix(100).map(\.event.id)))
            #expect(try warehouse.existing(ids: strangers, in: [directory + "/1.parquet"]).isEmpty)
            #expect(try warehouse.existing(ids: [], in: [directory + "/1.parquet"]).isEmpty)
            #expect(try warehouse.existing(ids: wanted, in: []).isEmpty)
        }
    }

    @Test func `ids with each top bit survive, and can be named in a query`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: 22)
            let ids = [UInt64.min, .max, 1 << 63, (1 << 63) - 1, 1].flatMap { high in
                [UInt64.min, .max, 1 << 63].map { EventID(high: high, low: $0) }
            }
            let events = ids.map { id in
                var stored = samples.event()
                stored.event.id = id
                return stored
            }
            let path = directory + "/1.parquet"
            _ = try warehouse.write(events, to: path)
            #expect(try warehouse.existing(ids: ids, in: [path]) == Set(ids))
            for id in ids {
                let result = try warehouse.query(
                    "SELECT id, id::VARCHAR FROM events WHERE id = $id", parameters: ["id": .uuid(id)], files: [path])
                #expect(result.rows == [[.uuid(id), .text(id.description)]])
            }
        }
    }

    @Test func `all ids of all files are given`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: 23)
            let first = samples.events(10_000)
            let second = samples.events(1)
            _ = try warehouse.write(first, to: directory + "/1.parquet")
            _ = try warehouse.write(second, to: directory + "/2.parquet")
            var given: [EventID] = []
            var calls = 0
            try warehouse.ids(in: [directory + "/1.parquet", directory + "/2.parquet"]) { ids in
                given += ids
                calls += 1
            }
            #expect(given.count == 10_001)
            #expect(Set(given) == Set((first + second).map(\.event.id)))
            #expect(calls > 1)
            try warehouse.ids(in: []) { _ in Issue.record("there is no id") }
        }
    }
}
