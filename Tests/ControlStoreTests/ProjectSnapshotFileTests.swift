import ControlStore
import EventModel
import Foundation
import TestKit
import Testing

@Suite struct ProjectSnapshotFileTests {
    @Test func `the file shows projects, their limits and their living keys`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let path = directory + "/snapshot/projects.json"
            let project = try makeProject(store, name: "Shop", domains: ["shop.example.com"])
            let key = try store.write { try $0.createKey(project: project, kind: .public) }
            let gone = try store.write { try $0.createKey(project: project, kind: .secret).key }
            try store.write { transaction in
                try transaction.revokeKey(id: gone.keyID)
                try transaction.database.execute(
                    sql: #"UPDATE projects SET settings = '{"keep_query": ["q"], "events_per_minute_per_key": 7}'"#)
            }
            let version = try ProjectSnapshotFile.publish(store: store, path: path)
            let snapshot = try #require(ProjectSnapshotFile.read(path: path))
            #expect(snapshot == (try store.read { try $0.snapshot() }))
            #expect(snapshot.version == version)
            let shown = try #require(snapshot.projects.first)
            #expect(shown.name == "Shop" && shown.domains == ["shop.example.com"] && shown.keepQuery == ["q"])
            #expect(shown.eventsPerMinutePerKey == 7 && shown.eventsPerMinutePerAddress == nil)
            #expect(shown.keys == [.init(keyID: key.key.keyID, kind: .public, hash: key.key.hash)])
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(!text.contains(key.plainText))
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o640)
        }
    }

    @Test func `a file of a higher version stays, one that is behind or broken is replaced`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let path = directory + "/projects.json"
            let later = #"{"projects":[],"version":1000000}"#
            try later.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try ProjectSnapshotFile.publish(store: store, path: path) == 1_000_000)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == later)
            for text in [#"{"projects":[],"version":0}"#, "broken"] {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                #expect(try ProjectSnapshotFile.publish(store: store, path: path) == 1)
                #expect(ProjectSnapshotFile.read(path: path)?.version == 1)
            }
        }
    }

    @Test func `a key that expired leaves the file though no row changed`() throws {
        try withTemporaryDirectory { directory in
            let clock = ManualClock(Timestamp(milliseconds: 1_735_732_800_000))
            let store = try TestDatabase.make(in: directory, clock: clock.clock)
            let path = directory + "/projects.json"
            let project = try makeProject(store)
            try store.write {
                _ = try $0.createKey(project: project, kind: .public, expiresAt: $0.now + .seconds(60))
            }
            try ProjectSnapshotFile.publish(store: store, path: path)
            #expect(ProjectSnapshotFile.read(path: path)?.projects.first?.keys.count == 1)
            clock.advance(by: .seconds(60))
            try ProjectSnapshotFile.publish(store: store, path: path)
            #expect(ProjectSnapshotFile.read(path: path)?.projects.first?.keys.count == 0)
        }
    }

    @Test func `of many writers the file ends with the last version and nothing beside it`() async throws {
        try await withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let path = directory + "/snapshot/projects.json"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try makeProject(store)
                        try ProjectSnapshotFile.publish(store: store, path: path)
                    }
                }
                try await group.waitForAll()
            }
            let snapshot = try #require(ProjectSnapshotFile.read(path: path))
            #expect(snapshot.projects.count == 16)
            #expect(try store.read { try $0.snapshotVersion() } == snapshot.version)
            let files = try FileManager.default.contentsOfDirectory(atPath: directory + "/snapshot")
            #expect(files.sorted() == ["projects.json", "projects.json.lock"])
        }
    }

    @Test func `a place where no file can be is said`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            #expect(throws: StoreError.self) {
                try ProjectSnapshotFile.publish(store: store, path: store.path + "/projects.json")
            }
        }
    }
}
