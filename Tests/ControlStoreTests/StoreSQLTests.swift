import ControlStore
import GRDB
import TestKit
import Testing

@Suite struct StoreSQLTests {
    @Test func `every SQL file prepares against a migrated empty database`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            #expect(StoreSQL.queries.count > 20)
            for query in StoreSQL.queries {
                #expect(throws: Never.self, "\(query.path)") {
                    try store.write { _ = try $0.database.makeStatement(sql: query.text) }
                }
            }
        }
    }

    /// Each table in them grows without bound, so none may be read from end to end.
    @Test(arguments: [
        "jobs.NextAvailable.sql", "jobs.Due.sql", "jobs.Expired.sql", "jobs.Move.sql", "jobs.BySlot.sql",
        "jobs.Following.sql", "kv_entries.Get.sql", "kv_entries.List.sql", "kv_entries.RemoveExpired.sql",
        "api_keys.Owner.sql",
    ])
    func `a hot query scans no table`(file: String) throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let sql = try #require(StoreSQL.text(of: file))
            let plan = try store.write { try StoreSQL.plan(sql, in: $0.database) }
            #expect(!plan.contains { $0.contains("SCAN") }, "\(plan)")
        }
    }

    @Test func `claiming needs no sorting`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let sql = try #require(StoreSQL.text(of: "jobs.NextAvailable.sql"))
            let plan = try store.write { try StoreSQL.plan(sql, in: $0.database) }
            #expect(!plan.contains { $0.contains("B-TREE") }, "\(plan)")
        }
    }
}
