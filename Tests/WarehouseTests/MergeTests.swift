import EventModel
import FoundationEssentials
import TestKit
import Testing

@testable import Warehouse

@Suite struct MergeTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a merged file holds exactly the rows of its inputs, in order`(seed: UInt64) throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: seed)
            var all: [StoredEvent] = []
            var paths: [String] = []
            for (number, count) in [1, 3_000, 2_048, 17].enumerated() {
                let events = samples.events(count)
                paths.append(directory + "/\(number).parquet")
                _ = try warehouse.write(events, to: paths[number])
                all += events
            }
            let facts = try warehouse.merge(paths.reversed(), into: directory + "/merged.parquet")
            let merged = try warehouse.query("SELECT * FROM events", files: [directory + "/merged.parquet"]).rows
            #expect(merged == all.sorted(by: expectedOrder).map(expectedRow))
            #expect(facts.rows == all.count)
            #expect(facts.firstSequence == all.map(\.sequence).min())
            #expect(facts.lastSequence == all.map(\.sequence).max())
            #expect(facts.minTimestamp == all.map(\.event.timestamp).min())
            #expect(facts.maxReceivedAt == all.map(\.event.receivedAt).max())
            #expect(paths.allSatisfy { FileManager.default.fileExists(atPath: $0) })
        }
    }

    @Test func `a merge that fails leaves no file`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: 9)
            _ = try warehouse.write(samples.events(10), to: directory + "/a.parquet")
            let error = #expect(throws: WarehouseError.self) {
                try warehouse.merge(
                    [directory + "/a.parquet", directory + "/gone.parquet"], into: directory + "/m.parquet")
            }
            #expect(error?.code == .missingFile)
            #expect(error?.description.contains(directory + "/gone.parquet") == true)
            #expect(!FileManager.default.fileExists(atPath: directory + "/m.parquet"))
        }
    }

    @Test(arguments: [true, false])
    func `a merge larger than its memory is done in parts, and is right`(hasTemporaryDirectory: Bool) throws {
        try withTemporaryDirectory { directory in
            var samples = SampleEvents(seed: 11)
            let one = samples.events(400)
            let writer = try makeWarehouse()
            var paths: [String] = []
            for file in 0..<4 {
                let events = (0..<50_000).map { number in
                    var copy = one[(number &* 7_919) % 400]
                    copy.sequence = UInt64(file * 50_000 + number)
                    return copy
                }
                paths.append(directory + "/in/\(file).parquet")
                _ = try writer.write(events, to: paths[file])
            }
            let small = try makeWarehouse(
                DuckDBSettings(
                    memoryLimitMiB: hasTemporaryDirectory ? 200 : 300, threads: 2,
                    temporaryDirectory: hasTemporaryDirectory ? directory + "/spill" : nil))
            let facts = try small.merge(paths, into: directory + "/out/m.parquet")
            #expect(facts.rows == 200_000)
            let merged = [directory + "/out/m.parquet"]
            let sum = try small.query("SELECT sum(sequence), count(DISTINCT sequence) FROM events", files: merged)
            #expect(sum.rows == [[.integer((0..<200_000).reduce(0, +)), .integer(200_000)]])
            var rows: [[Value]] = []
            let connection = try small.database.connect()
            try connection.registerEvents(merged)
            try connection.forEachRow("SELECT user_id, timestamp, sequence FROM events") { row in
                rows.append(row)
                return true
            }
            #expect(zip(rows, rows.dropFirst()).allSatisfy(Self.isInOrder))
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/out") == ["m.parquet"])
            let left = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/spill")) ?? []
            #expect(left.filter { $0.contains("part") }.isEmpty)
        }
    }

    private static func isInOrder(_ left: [Value], _ right: [Value]) -> Bool {
        switch (left[0].text, right[0].text) {
        case (nil, .some): return false
        case (.some, nil): return true
        case (let one?, let other?) where Array(one.utf8) != Array(other.utf8):
            return one.utf8.lexicographicallyPrecedes(other.utf8)
        default: break
        }
        guard let one = left[1].timestamp, let other = right[1].timestamp else { return false }
        return (one, left[2].integer ?? 0) < (other, right[2].integer ?? 0)
    }

    @Test func `ranges between values cover everything once`() {
        #expect(DuckDBWarehouse.ranges(of: "c", from: [], every: 2) == ["true"])
        #expect(DuckDBWarehouse.ranges(of: "c", from: ["1", "1"], every: 2) == ["true"])
        #expect(
            DuckDBWarehouse.ranges(of: "c", from: ["1", "1", "2", "2", "2", "3", "4"], every: 2) == [
                "c < 2", "c >= 2 AND c < 4", "c >= 4",
            ])
    }
}
