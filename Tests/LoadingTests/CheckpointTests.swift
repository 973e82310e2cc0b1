import ControlStore
import EventModel
import Foundation
import GRDB
import Testing
import WriteAheadLog

@testable import Loading

@Suite struct CheckpointTests {
    let noon = LoadingSite.noon

    /// Moves the checkpoint between a loader's read and its commit, as a second loader would.
    private struct OtherLoader: LoadObserver {
        let store: ControlStore

        func before(_ step: LoadStep) throws {
            guard step == .commit else { return }
            try store.write { try $0.database.execute(sql: "UPDATE load_checkpoint SET sequence = sequence + 1") }
        }

        func after(_ step: LoadStep) throws {}
    }

    @Test func `a checkpoint that another loader has moved is a conflict, and nothing is loaded`() throws {
        try withSite { site in
            try site.load([site.event(at: noon, session: "s_1")])
            try site.send([site.event(at: noon, session: "s_2")])
            let error = #expect(throws: StoreError.self) {
                try site.loader(OtherLoader(store: site.store)).drain()
            }
            #expect(error?.code == .conflict)
            #expect(error?.exitCode == .tryAgain)
            #expect(try site.events().count == 1)
            #expect(try site.session("s_2") == nil)
            #expect(site.filesOnDisk().count == 1)
        }
    }

    @Test func `a second loader ends with 75`() throws {
        try withSite { site in
            let first = try site.loader()
            let error = #expect(throws: LoadError.self) { try site.loader() }
            #expect(error?.code == .locked)
            #expect(error?.exitCode == .tryAgain)
            withExtendedLifetime(first) {}
        }
    }

    @Test func `a log of another id is refused with 65`() throws {
        try withSite { site in
            try site.load([site.event(at: noon)])
            try site.store.write {
                try $0.database.execute(
                    sql: "UPDATE load_checkpoint SET log_id = ?", arguments: [String(repeating: "0", count: 32)])
            }
            let error = #expect(throws: LoadError.self) { try site.loader().drain() }
            #expect(error?.code == .foreignLog)
            #expect(error?.exitCode == .badData)
        }
    }

    @Test func `a log that ends before the checkpoint is refused with 65`() throws {
        try withSite { site in
            try site.load([site.event(at: noon)])
            try site.store.write { try $0.database.execute(sql: "UPDATE load_checkpoint SET sequence = 5") }
            let error = #expect(throws: LoadError.self) { try site.loader().drain() }
            #expect(error?.code == .endsEarly)
            #expect(error?.exitCode == .badData)
        }
    }

    @Test func `a log that is gone is refused with 65, but waited for where nothing was loaded`() throws {
        try withSite { site in
            site.configuration.logDirectory = site.directory + "/nothing"
            #expect(try site.loader().turn() == .atEnd)
            site.configuration.logDirectory = site.directory + "/log"
            try site.load([site.event(at: noon)])
            site.configuration.logDirectory = site.directory + "/nothing"
            let error = #expect(throws: LoadError.self) { try site.loader().turn() }
            #expect(error?.exitCode == .badData)
        }
    }

    @Test func `a batch is bounded by its number of events and by their bytes`() throws {
        try withSite { site in
            site.configuration.maxBatchEvents = 10
            try site.send((0..<25).map { _ in site.event(at: noon) })
            let loader = try site.loader()
            for expected in [10, 10, 5] {
                guard case .loaded(let batch) = try loader.turn(now: true) else {
                    Issue.record("nothing was loaded")
                    return
                }
                #expect(batch.events == expected)
            }
            #expect(try loader.turn(now: true) == .atEnd)
        }
    }

    @Test func `nothing waits any more once a batch that was full has taken all there is`() throws {
        try withSite { site in
            site.configuration.maxBatchEvents = 10
            try site.send((0..<10).map { _ in site.event(at: noon, session: "s_1") })
            let loader = try site.loader()
            _ = try loader.turn(now: true)
            #expect(try loader.turn(now: true) == .atEnd)
            #expect(loader.waitingSince == nil)
            site.clock.advance(by: .seconds(1_800))
            #expect(try loader.timeOutSessions() == 1)
        }
    }

    @Test func `at the log's end a batch waits for its interval`() throws {
        try withSite { site in
            site.configuration.batchInterval = .seconds(3_600)
            let loader = try site.loader()
            try site.send([site.event(at: noon)])
            guard case .loaded = try loader.turn() else {
                Issue.record("the first batch must not wait")
                return
            }
            try site.send([site.event(at: noon)])
            #expect(try loader.turn() == .waiting)
            #expect(loader.waitingSince == noon)
            #expect(try loader.drain() == 1)
        }
    }

    @Test func `a file that is gone before the commit undoes the batch, which is loaded again`() throws {
        struct Remover: LoadObserver {
            let directory: String
            func before(_ step: LoadStep) throws {
                guard step == .commit else { return }
                try FileManager.default.removeItem(atPath: directory + "/events")
            }
            func after(_ step: LoadStep) throws {}
        }
        try withSite { site in
            try site.send([site.event(at: noon, session: "s_1")])
            let error = #expect(throws: LoadError.self) { try site.loader(Remover(directory: site.directory)).drain() }
            #expect(error?.code == .fileMissing)
            #expect(try site.session("s_1") == nil)
            #expect(try site.loader().drain() == 1)
            #expect(try site.events().count == 1)
        }
    }

    @Test func `loaded segments are removed after their time, and at once when the disk is short`() throws {
        try withSite { site in
            try site.load([site.event(at: noon)])
            site.closeLog()
            let second = try LogWriter.open(
                LogConfiguration(directory: site.directory + "/log", minFreeBytes: 0), clock: site.clock.clock)
            var batch = RecordBatch()
            batch.append(site.event(at: noon).encoded())
            _ = try second.append(batch)
            second.close()
            let loader = try site.loader()
            try loader.drain()
            func removed() throws -> Int {
                try Upkeep(
                    configuration: site.configuration, store: site.store, merger: loader.merger, observer: NoObserver()
                ).removeSegments().count
            }
            site.configuration.minFreeBytes = 0
            #expect(try removed() == 0)
            site.configuration.minFreeBytes = .max
            #expect(try removed() == 1)
            #expect(try removed() == 0)
        }
    }
}
