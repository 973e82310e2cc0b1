import FoundationEssentials
import TestKit
import Testing

@testable import Warehouse

@Suite struct LockDownTests {
    /// A locked connection that may read `directory/in` and sees one file there as `events`, and a table.
    private func locked(in directory: String, byFile: Bool) throws -> DuckDBConnection {
        let inside = directory + "/in/a.parquet"
        let warehouse = try makeWarehouse()
        var samples = SampleEvents(seed: 41)
        _ = try warehouse.write(samples.events(100), to: inside)
        _ = try warehouse.write(samples.events(100), to: directory + "/out/b.parquet")
        let connection = try warehouse.database.connect()
        try connection.registerEvents([inside])
        try connection.createTable("t", columns: [TableColumn("n", .integer)], rows: [[.integer(1)]])
        try connection.lockDown(files: byFile ? [inside] : [], directories: byFile ? [] : [directory + "/in"])
        return connection
    }

    @Test(arguments: [true, false])
    func `what is inside can be read`(byFile: Bool) throws {
        try withTemporaryDirectory { directory in
            let connection = try locked(in: directory, byFile: byFile)
            #expect(try connection.query("SELECT count(*) FROM events").firstValue == .integer(100))
            #expect(try connection.query("SELECT * FROM t").firstValue == .integer(1))
            #expect(try connection.query("FROM read_parquet('\(directory)/in/a.parquet')").rows.count == 100)
            #expect(try connection.query("DESCRIBE events").rows.count == 34)
            #expect(try connection.query("SHOW TABLES").rows.count == 2)
            #expect(try connection.query("EXPLAIN SELECT 1").rows.isEmpty == false)
        }
    }

    @Test(arguments: [true, false])
    func `what is outside is refused, also by a way round`(byFile: Bool) throws {
        try withTemporaryDirectory { directory in
            let connection = try locked(in: directory, byFile: byFile)
            for path in ["/out/b.parquet", "/in/../out/b.parquet", "/*/b.parquet", "/in/../*/b.parquet"] {
                let error = #expect(throws: WarehouseError.self, "\(path)") {
                    try connection.query("FROM read_parquet('\(directory)\(path)')")
                }
                #expect(error?.code == .refused, "\(path): \(error?.description ?? "")")
            }
            for sql in ["FROM read_text('/etc/passwd')", "FROM '/etc/passwd'", "FROM glob('/etc/*')"] {
                let error = #expect(throws: WarehouseError.self, "\(sql)") { try connection.query(sql) }
                #expect(error?.exitCode == .noPermission || error?.code == .badStatement, "\(error?.description ?? "")")
            }
        }
    }

    @Test func `nothing is written, and no setting changed`() throws {
        try withTemporaryDirectory { directory in
            let connection = try locked(in: directory, byFile: false)
            let statements = [
                "COPY (SELECT 1) TO '\(directory)/in/new.parquet'",
                "EXPLAIN ANALYZE COPY (SELECT 1) TO '\(directory)/in/new.parquet'",
                "COPY (SELECT 1) TO '\(directory)/out/new.parquet'", "CREATE TABLE x AS SELECT 1",
                "DELETE FROM t", "DROP TABLE t", "SET enable_external_access = true", "RESET lock_configuration",
                "ATTACH '\(directory)/in/x.db' AS x", "INSTALL httpfs", "LOAD httpfs",
                "PREPARE p AS SELECT 1", "EXPORT DATABASE '\(directory)/in/all'", "PRAGMA threads = 4",
                "EXPLAIN EXPORT DATABASE '\(directory)/in/all'",
                "/* SELECT */ -- SELECT\n EXPORT DATABASE '\(directory)/in/all'",
            ]
            for sql in statements {
                let error = #expect(throws: WarehouseError.self, "\(sql)") { try connection.query(sql) }
                #expect(error?.code == .refused, "\(sql): \(error?.description ?? "")")
            }
            #expect(throws: WarehouseError.self) { try connection.execute("SET enable_external_access = true") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/in") == ["a.parquet"])
            #expect(try connection.query("SELECT * FROM t").firstValue == .integer(1))
        }
    }
}
