import ControlStore
import EventModel
import Foundation
import GRDB
import TestKit
import Testing
import Warehouse

@testable import Loading

@Suite struct LoaderServiceTests {
    private static let hasDuckDB = (try? DuckDBLibrary.locate()) != nil

    @Test func `with once it drains the log, says so in its status, and ends`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try LoadingSite(in: directory)
            defer { site.closeLog() }
            try site.send((0..<10).map { _ in site.event(session: "s_1") })
            let service = LoaderService(
                configuration: site.configuration, store: site.store, warehouse: site.warehouse,
                clock: site.clock.clock, once: true)
            try await service.run()
            #expect(try site.events().count == 10)
            let data = try Data(contentsOf: URL(filePath: directory + "/millrace-load.json"))
            let status = try JSONDecoder().decode(LoaderStatus.self, from: data)
            #expect(status.program == "millrace-load")
            #expect(status.loadedSequence == 10)
            #expect(status.lagSeconds == 0)
            #expect(status.lastError == nil)
        }
    }

    @Test func `a disk that is full for a while is waited for, and nothing is lost or left behind`() async throws {
        try await withTemporaryDirectory { directory in
            let warehouse = FakeWarehouse()
            let site = try LoadingSite(in: directory, warehouse: warehouse)
            defer { site.closeLog() }
            // Two days: the first one's file is written, the second one's is refused.
            try site.send([
                site.event(session: "s_1"), site.event(at: LoadingSite.noon + .seconds(86_400), session: "s_1"),
            ])
            warehouse.failures.withLock { $0 = [false, true] }
            try await LoaderService(
                configuration: site.configuration, store: site.store, warehouse: warehouse, clock: site.clock.clock,
                once: true
            ).run()
            #expect(try site.events().count == 2)
            #expect(site.filesOnDisk().count == 2)
            #expect(try site.count("SELECT count(*) FROM user_sessions") == 1)
        }
    }

    @Test func `a disk that stays full ends the program with 74, and the next run loads all`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = FakeWarehouse()
            let site = try LoadingSite(in: directory, warehouse: warehouse)
            defer { site.closeLog() }
            try site.send([site.event(session: "s_1")])
            warehouse.failures.withLock { $0 = [true] }
            let error = #expect(throws: WarehouseError.self) { try site.loader().drain() }
            #expect(error?.exitCode == .inputOutput)
            #expect(try site.loader().drain() == 1)
            #expect(try site.session("s_1") != nil)
        }
    }

    @Test func `a database that is full may pass, and the next try loads all`() throws {
        try withSite { site in
            try site.send((0..<2_000).map { site.event(session: "s_\($0)", url: "https://example.com/\($0)") })
            let pages = try site.count("SELECT page_count FROM pragma_page_count()")
            try site.store.write { try $0.database.execute(sql: "PRAGMA max_page_count = \(pages)") }
            let error = #expect(throws: (any Error).self) { try site.loader().drain() }
            #expect(LoadError.mayPass(try #require(error)))
            #expect(site.filesOnDisk().isEmpty)
            try site.store.write { try $0.database.execute(sql: "PRAGMA max_page_count = 1000000") }
            #expect(try site.loader().drain() == 2_000)
        }
    }

    @Test(.enabled(if: hasDuckDB))
    func `events go through DuckDB into Parquet files, once, and are merged there`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try DuckDBWarehouse(library: try DuckDBLibrary.locate())
            let site = try LoadingSite(in: directory, warehouse: warehouse)
            defer { site.closeLog() }
            site.configuration.mergeFiles = 2
            let events = (0..<100).map { index in
                site.event(at: LoadingSite.noon + .seconds(Int64(index)), session: "s_\(index % 5)", user: "v_1")
            }
            try site.load(Array(events[..<60]))
            try site.load(Array(events[40...]))
            #expect(try site.counter("late_duplicate") == 20)
            try site.loader().merger.mergeAll()
            let current = try site.row("SELECT path FROM event_files WHERE replaced_at IS NULL")
            let path: String = try #require(current?["path"])
            let sql = "SELECT count(*), count(DISTINCT id), count(DISTINCT session_id), max(sequence) FROM events"
            let result = try warehouse.query(sql, files: ["\(directory)/\(path)"])
            #expect(result.rows.first?.map(\.integer) == [100, 100, 5, 120])
        }
    }
}
