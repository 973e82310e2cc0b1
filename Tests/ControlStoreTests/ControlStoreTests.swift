import ControlStore
import EventModel
import Foundation
import GRDB
import TestKit
import Testing

@Suite struct ControlStoreTests {
    @Test func `two stores on one file see each other's writes, and a read holds its snapshot`() throws {
        try withTemporaryDirectory { directory in
            let first = try TestDatabase.make(in: directory)
            let second = try ControlStore.open(path: first.path)
            let project = try makeProject(first)
            #expect(try second.read { try $0.project(project) } != nil)
            try second.read { transaction in
                #expect(try transaction.projects().count == 1)
                try makeProject(first)
                #expect(try transaction.projects().count == 1)
            }
            #expect(try second.read { try $0.projects().count } == 2)
        }
    }

    @Test func `a new database, and what SQLite lays beside it, can be read by the owner alone`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            for path in [store.path, store.path + "-wal", store.path + "-shm"] {
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(path)")
            }
        }
    }

    @Test func `a transaction that throws leaves nothing`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            struct Crash: Error {}
            #expect(throws: Crash.self) {
                try store.write { transaction in
                    _ = try transaction.createProject(name: "half")
                    throw Crash()
                }
            }
            #expect(try store.read { try $0.projects() }.isEmpty)
        }
    }

    @Test func `a read cannot write`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            #expect(throws: (any Error).self) {
                try store.read { try $0.database.execute(sql: "DELETE FROM jobs") }
            }
        }
    }

    @Test func `a missing file is said, and not made`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/none.sqlite"
            let error = #expect(throws: StoreError.self) { try ControlStore.open(path: path) }
            #expect(error?.exitCode == .noInput)
            #expect(error?.message.contains(path) == true)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `an older schema is refused with what to do`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            try store.write {
                try $0.database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier LIKE '0004%'")
            }
            let error = #expect(throws: StoreError.self) { try ControlStore.open(path: store.path) }
            #expect(error?.exitCode == .badConfiguration)
            #expect(error?.message.contains("older schema") == true)
        }
    }

    @Test func `a newer schema is refused by all, also by the migrator`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            try store.write { try $0.database.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999-later')") }
            for open in [{ try ControlStore.open(path: $0) }, { try ControlStore.migrate(path: $0) }] {
                let error = #expect(throws: StoreError.self) { try open(store.path) }
                #expect(error?.exitCode == .badConfiguration)
                #expect(error?.message.contains("newer version") == true)
            }
        }
    }

    @Test func `a database of somebody else is refused`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/other.sqlite"
            try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE users (id INTEGER)") }
            let error1 = #expect(throws: StoreError.self) { try ControlStore.open(path: path) }
            #expect(error1?.exitCode == .badConfiguration)
        }
    }

    @Test func `a file that is no database is refused and left alone`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/control.sqlite"
            let text = Data(String(repeating: "no database ", count: 1_000).utf8)
            try text.write(to: URL(fileURLWithPath: path))
            let error2 = #expect(throws: StoreError.self) { try ControlStore.open(path: path) }
            #expect(error2?.exitCode == .badData)
            #expect(throws: StoreError.self) { try ControlStore.migrate(path: path) }
            #expect(FileManager.default.contents(atPath: path) == text)
        }
    }

    @Test func `a directory in the database's place is refused`() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: StoreError.self) { try ControlStore.open(path: directory) }
            for path in [directory, directory + "/none/control.sqlite"] {
                let error = #expect(throws: StoreError.self) { try ControlStore.migrate(path: path) }
                #expect(error?.code == .cannotOpen && error?.exitCode == .cannotCreate)
                #expect(error?.message.contains(path) == true)
            }
        }
    }

    @Test func `migrating twice changes nothing`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let project = try makeProject(store)
            let again = try ControlStore.migrate(path: store.path)
            #expect(try again.read { try $0.project(project) } != nil)
        }
    }

    @Test func `the settings that keep the database whole are on`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            func pragma(_ name: String) throws -> String? {
                try store.write { try String.fetchOne($0.database, sql: "PRAGMA \(name)") }
            }
            #expect(try pragma("journal_mode") == "wal")
            #expect(try pragma("synchronous") == "2")
            #expect(try pragma("foreign_keys") == "1")
            #expect(try pragma("wal_autocheckpoint") == "0")
            #expect(try pragma("mmap_size") ?? "0" == "0")
        }
    }

    @Test func `a checkpoint empties SQLite's WAL, closing leaves it`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            func walBytes() -> Int {
                let attributes = try? FileManager.default.attributesOfItem(atPath: store.path + "-wal")
                return attributes?[.size] as? Int ?? -1
            }
            let project = try makeProject(store)
            #expect(walBytes() > 0)
            try store.checkpoint()
            #expect(walBytes() == 0)
            try makeProject(store)
            let bytes = walBytes()
            #expect(bytes > 0)
            try store.close()
            #expect(walBytes() == bytes)
            let again = try ControlStore.open(path: store.path)
            #expect(try again.read { try $0.projects() }.count == 2)
            #expect(try again.read { try $0.project(project) } != nil)
        }
    }

    @Test func `a full disk is said as such, whoever wrote the statement`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            try store.write { try $0.database.execute(sql: "PRAGMA max_page_count = 1") }
            let value = "[" + String(repeating: "1,", count: 100_000) + "1]"
            let error = #expect(throws: StoreError.self) {
                try store.write { try $0.database.execute(sql: Self.entry(value: value)) }
            }
            #expect(error?.code == .diskFull && error?.exitCode == .inputOutput)
            #expect(error?.message.contains("free some space") == true)
        }
    }

    private static let now = "'2025-01-01T12:00:00.000Z'"

    /// An insertion into `jobs` that is right but for what the caller sets.
    private static func job(kind: String = "aggregate", state: String = "available", slot: String = "a") -> String {
        """
        INSERT INTO jobs (id, kind, slot, state, max_attempts, queued_at, run_at, asked_by)
        VALUES ('job_000000000000', '\(kind)', '\(slot)', '\(state)', 5, \(now), \(now), 'cli')
        """
    }

    /// An insertion into `kv_entries` that is right but for what the caller sets.
    private static func entry(key: String = "funnel:live", value: String = "{}") -> String {
        "INSERT INTO kv_entries VALUES ('FUNNEL_DATA', '\(key)', '\(value)', \(now), \(now), NULL)"
    }

    /// A key of a project that does not exist.
    private static let orphan = """
        INSERT INTO api_keys (key_id, project_id, kind, hash, created_at)
        VALUES ('key_000000000000', 'proj_000000000000', 'public', 'sha256:' || hex(zeroblob(32)), \(now))
        """

    @Test func `the rows below are refused for their one mistake alone`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            try store.write { transaction in
                try transaction.database.execute(sql: Self.job())
                try transaction.database.execute(sql: Self.entry())
            }
        }
    }

    @Test(arguments: [
        orphan, job(state: "sleeping"), job(state: "running"), job(state: "completed"), job(kind: "unknown"),
        job(slot: ""), entry(key: "live"), entry(value: "1"), entry(value: "{"),
        "INSERT INTO organisations VALUES ('org_1', 'short id', \(now))",
        "UPDATE snapshot_version SET version = 'many'",
    ])
    func `the database itself refuses what no record may be`(sql: String) throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let error = #expect(throws: StoreError.self) {
                try store.write { try $0.database.execute(sql: sql) }
            }
            #expect(error?.code == .refused && error?.exitCode == .badData)
        }
    }
}
