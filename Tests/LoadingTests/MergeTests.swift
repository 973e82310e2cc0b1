import ControlStore
import EventModel
import Foundation
import GRDB
import Testing

@testable import Loading

@Suite struct MergeTests {
    let noon = LoadingSite.noon

    private func upkeep(_ site: LoadingSite, _ loader: Loader) -> Upkeep {
        Upkeep(configuration: site.configuration, store: site.store, merger: loader.merger, observer: NoObserver())
    }

    @Test func `a day's files of one size are merged, and a day never has more than 64`() throws {
        try withSite { site in
            let loader = try site.loader()
            var most = 0
            for index in 0..<130 {
                try site.send([site.event(at: noon + .seconds(Int64(index)))])
                try loader.drain()
                most = max(most, try site.count("SELECT count(*) FROM event_files WHERE replaced_at IS NULL"))
            }
            #expect(most <= 64)
            try upkeep(site, loader).runOnce()
            #expect(try site.count("SELECT count(*) FROM event_files WHERE replaced_at IS NULL") < 24)
            #expect(try site.events().map(\.sequence) == Array(1...130))
        }
    }

    @Test func `merging one file at a time writes each row a bounded number of times`() {
        var files: [EventFile] = []
        var written = 0
        let noon = noon
        func file(_ rows: Int) -> EventFile {
            EventFile(
                projectID: ProjectID(rawValue: "p"), day: noon.day, path: "", rows: rows, bytes: 1, firstSequence: 1,
                lastSequence: 1, minTimestamp: noon, maxTimestamp: noon, minReceivedAt: noon, maxReceivedAt: noon)
        }
        for index in 0..<4_096 {
            var new = file(1_000)
            new.fileID = Int64(index)
            files.append(new)
            while let plan = MergePlan.next(files, mergeFiles: 8, maximum: 64) {
                let rows = plan.reduce(0) { $0 + $1.rows }
                written += rows
                files.removeAll { plan.contains($0) }
                var merged = file(rows)
                merged.fileID = Int64(100_000 + written)
                files.append(merged)
            }
            #expect(files.count < 64)
        }
        #expect(files.reduce(0) { $0 + $1.rows } == 4_096_000)
        // The logarithm of 4,096 to the base of 8 is 4.
        #expect(written <= 4 * 4_096_000)
    }

    @Test func `a merge whose input was replaced meanwhile changes nothing`() throws {
        try withSite { site in
            try site.load([site.event(at: noon)])
            let files = try site.store.read { try $0.eventFiles(of: site.project, from: noon.day, to: noon.day) }
            let file = try #require(files.first)
            var merged = file
            merged.path = "events/other.parquet"
            try site.store.write { try $0.replaceEventFiles([file], with: merged) }
            var again = file
            again.path = "events/third.parquet"
            let error = #expect(throws: StoreError.self) {
                try site.store.write { try $0.replaceEventFiles([file], with: again) }
            }
            #expect(error?.code == .conflict)
            #expect(try site.count("SELECT count(*) FROM event_files WHERE path = 'events/third.parquet'") == 0)
        }
    }

    @Test func `a replaced file is unlinked after twice the longest query, and not before`() throws {
        try withSite { site in
            site.configuration.mergeFiles = 2
            try site.load([site.event(at: noon)])
            try site.load([site.event(at: noon)])
            let loader = try site.loader()
            try loader.merger.mergeAll()
            #expect(site.filesOnDisk().count == 3)
            site.clock.advance(by: .seconds(1_199))
            #expect(try upkeep(site, loader).collectGarbage() == 0)
            site.clock.advance(by: .seconds(1))
            #expect(try upkeep(site, loader).collectGarbage() == 2)
            #expect(site.filesOnDisk() == [try #require(try site.row("SELECT path FROM event_files")?["path"])])
            #expect(try site.events().count == 2)
        }
    }

    @Test func `what a killed merge left where it spills goes with the next start, and a second loader takes nothing`()
        throws
    {
        try withSite { site in
            let spill = site.directory + "/spill"
            try FileManager.default.createDirectory(atPath: spill, withIntermediateDirectories: true)
            func leave() throws {
                for name in ["merge-0123.part0", "duckdb_temp_storage-0.tmp", "notes.txt"] {
                    try Data([1]).write(to: URL(filePath: "\(spill)/\(name)"))
                }
            }
            try leave()
            let loader = try site.loader()
            #expect(try FileManager.default.contentsOfDirectory(atPath: spill) == ["notes.txt"])
            try leave()
            #expect(throws: LoadError.self) { try site.loader() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: spill).count == 3)
            withExtendedLifetime(loader) {}
        }
    }

    @Test func `a file without a row is garbage once it is old, and anything else is left alone`() throws {
        try withSite { site in
            try site.load([site.event(at: noon)])
            let orphan = site.directory + "/events/events_2025-03-10_orphan.parquet"
            let foreign = site.directory + "/events/notes.txt"
            for path in [orphan, foreign] { try Data([1]).write(to: URL(filePath: path)) }
            // Files carry the machine's time.
            site.clock.set(to: .init(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)))
            let loader = try site.loader()
            #expect(try upkeep(site, loader).collectGarbage() == 0)
            site.clock.advance(by: .seconds(1_300))
            #expect(try upkeep(site, loader).collectGarbage() == 1)
            #expect(!FileManager.default.fileExists(atPath: orphan))
            #expect(FileManager.default.fileExists(atPath: foreign))
            #expect(try site.events().count == 1)
        }
    }
}
