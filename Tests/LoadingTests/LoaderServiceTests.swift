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

    @Test(.enabled(if: hasDuckDB)) func `events go through DuckDB into Parquet files, once, and are merged there`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try DuckDBWarehouse(library: try DuckDBLibrary.locate())
            let site = try LoadingSite(in: directory, warehouse: warehouse)
            defer { site.closeLog() }
            site.configuration.mergeFiles = 2
            let events = (0..<100).map { site.event(at: LoadingSite.noon + .seconds(Int64($0)), session: "s_\($0 % 5)", user: "v_1") }
            try site.load(Array(events[..<60]))
            try site.load(Array(events[40...]))
            #expect(try site.counter("late_duplicate") == 20)
            try site.loader().merger.mergeAll()
            let path: String = try #require(try site.row("SELECT path FROM event_files WHERE replaced_at IS NULL")?["path"])
            let sql = "SELECT count(*), count(DISTINCT id), count(DISTINCT session_id), max(sequence) FROM events"
            let result = try warehouse.query(sql, files: ["\(directory)/\(path)"])
            #expect(result.rows.first?.map(\.integer) == [100, 100, 5, 120])
        }
    }
}
