import EventModel
import FoundationEssentials
import TestKit
import Testing

@testable import Warehouse

@Suite struct DamagedFileTests {
    @Test(arguments: ["empty", "noise", "cut", "footer"])
    func `a damaged file is named, among sound ones`(damage: String) throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: 51)
            let events = samples.events(3_000)
            for name in ["a", "b", "c"] { _ = try warehouse.write(events, to: "\(directory)/\(name).parquet") }
            let path = directory + "/b.parquet"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            switch damage {
            case "empty": bytes = Data()
            case "noise": bytes = Data(repeating: 0x41, count: 5_000)
            case "cut": bytes = bytes.prefix(bytes.count / 2)
            default: for offset in 0..<200 { bytes[bytes.count - 20 - offset] = 0xFF }
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            let files = ["a", "b", "c"].map { "\(directory)/\($0).parquet" }
            let attempts: [() throws -> Void] = [
                { _ = try warehouse.query("SELECT count(DISTINCT user_id) FROM events", files: files) },
                { _ = try warehouse.merge(files, into: directory + "/m.parquet") },
                { _ = try warehouse.existing(ids: [events[0].event.id], in: files) },
                { try warehouse.ids(in: files) { _ in } },
                { _ = try warehouse.facts(of: path) },
            ]
            for attempt in attempts {
                let error = #expect(throws: WarehouseError.self) { try attempt() }
                #expect(error?.code == .damagedFile, "\(error?.description ?? "")")
                #expect(error?.exitCode == .badData)
                #expect(error?.description.contains(path) == true, "\(error?.description ?? "")")
            }
            #expect(!FileManager.default.fileExists(atPath: directory + "/m.parquet"))
        }
    }

    @Test func `a damaged page is an error that names the files`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: 52)
            let path = directory + "/a.parquet"
            _ = try warehouse.write(samples.events(20_000), to: path)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for offset in 4..<(bytes.count / 2) { bytes[offset] = 0x5A }
            try bytes.write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: WarehouseError.self) {
                try warehouse.query("SELECT max(id), max(session_id) FROM events", files: [path])
            }
            #expect(error?.code == .damagedFile, "\(error?.description ?? "")")
            #expect(error?.description.contains(path) == true, "\(error?.description ?? "")")
        }
    }

    @Test func `a file that is gone is named`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/gone.parquet"
            let error = #expect(throws: WarehouseError.self) {
                try makeWarehouse().query("FROM events", files: [path])
            }
            #expect(error?.code == .missingFile)
            #expect(error?.exitCode == .noInput)
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test func `a directory that cannot be written is named`() throws {
        try withTemporaryDirectory { directory in
            try Data("x".utf8).write(to: URL(fileURLWithPath: directory + "/file"))
            var samples = SampleEvents(seed: 53)
            let events = samples.events(1)
            let error = #expect(throws: WarehouseError.self) {
                try makeWarehouse().write(events, to: directory + "/file/below/a.parquet")
            }
            #expect(error?.code == .inputOutput)
            #expect(error?.description.contains(directory + "/file") == true)
        }
    }
}
