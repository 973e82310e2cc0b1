import Foundation
import Synchronization
import TestKit
import Testing

@testable import Ingest

/// What the daemon reads again, and what it tells of itself, once a second.
@Suite(.timeLimit(.minutes(1))) struct HousekeepingTests {
    @Test func `projects that could not be read are read as soon as they can be, bad ones only once`() throws {
        try withTemporaryDirectory { directory in
            let options = IngestOptions(directory: directory)
            try TestServer.write(TestServer.snapshot(version: 7), to: options.snapshotFile)
            let reads = Mutex(0)
            let disk = Gate()
            var watcher = KeyWatcher(options, logger: TestServer.quiet)
            watcher.read = { path in
                reads.withLock { $0 += 1 }
                try disk.pass()
                return try Data(contentsOf: URL(filePath: path))
            }
            disk.isShut = true
            #expect(watcher.changed() == nil && watcher.problem?.contains(options.snapshotFile) == true)
            disk.isShut = false
            #expect(watcher.changed()?.version == 7 && watcher.problem == nil)
            #expect(watcher.changed() == nil)
            try Data("{".utf8).write(to: URL(filePath: options.snapshotFile), options: .atomic)
            #expect(watcher.changed() == nil && watcher.changed() == nil && watcher.problem != nil)
            #expect(reads.withLock { $0 } == 3)
        }
    }

    @Test func `a file of countries that could not be read is read as soon as it can be`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/country.mmdb"
            let disk = Gate()
            var watcher = CountryWatcher(path: path, logger: TestServer.quiet)
            watcher.database = { (path) throws(IngestError) in
                if disk.isShut { throw IngestError(.unreadDatabase, "no file can be opened now") }
                return try CountryDatabase(path: path)
            }
            #expect(throws: IngestError.self) { try watcher.first() }
            try CountryFile(networks: [("192.0.2.0/24", "DE")]).write(to: path)
            disk.isShut = true
            #expect(watcher.changed() == nil && watcher.problem == "no file can be opened now")
            disk.isShut = false
            #expect(watcher.changed() != nil && watcher.problem == nil)
            #expect(watcher.changed() == nil)
        }
    }

    @Test func `a file whose mode or owner changed is another`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/file"
            try Data("x".utf8).write(to: URL(filePath: path))
            let identity = FileIdentity(path)
            #expect(identity != nil && FileIdentity(path) == identity)
            // The file system's clock may be coarse.
            for _ in 0..<1_000 where FileIdentity(path) == identity {
                chmod(path, 0o600)
                usleep(1_000)
            }
            #expect(FileIdentity(path) != identity)
        }
    }

    @Test func `of many reloads at once the newest projects stay`() async throws {
        try await TestServer.run {
            $0.loops = 8
        } body: { (server) async throws in
            let version = Mutex<Int64>(1)
            let reload = { @Sendable in
                version.withLock {
                    $0 += 1
                    try? TestServer.write(TestServer.snapshot(version: $0), to: server.options.snapshotFile)
                }
                server.server.reload(eventsPerMinutePerKey: 0, eventsPerMinutePerAddress: 0)
            }
            for _ in 0..<50 {
                let threads = (0..<4).map { _ in onThread { for _ in 0..<5 { reload() } } }
                for thread in threads { await thread.value }
                for loop in server.server.loops {
                    let kept = try await loop.eventLoop.submit { loop.keys.version }.get()
                    #expect(kept == version.withLock { $0 })
                }
            }
        }
    }

    @Test func `the status names every problem there is, and none that is over`() async throws {
        try await TestServer.run { options in
            options.statusFile = options.statusFile + ".d/millraced.json"
            options.countryDatabase = options.streamSocket + ".mmdb"
            try? CountryFile(networks: [("127.0.0.0/8", "DE")]).write(to: options.streamSocket + ".mmdb")
        } body: { (server) async throws in
            func lastError() throws -> String {
                let data = try Data(contentsOf: URL(filePath: server.options.statusFile))
                return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["last_error"] as? String ?? ""
            }
            let folder = (server.options.statusFile as NSString).deletingLastPathComponent
            let countries = try #require(server.options.countryDatabase)
            for path in [countries, server.options.snapshotFile] {
                try Data("broken".utf8).write(to: URL(filePath: path), options: .atomic)
            }
            try FileManager.default.moveItem(atPath: folder, toPath: folder + ".away")
            server.server.tick()
            try FileManager.default.moveItem(atPath: folder + ".away", toPath: folder)
            server.server.tick()
            for part in ["status file", countries, server.options.snapshotFile] {
                #expect(try lastError().contains(part))
            }
            try TestServer.write(TestServer.snapshot(), to: server.options.snapshotFile)
            server.server.tick()
            #expect(try lastError().contains(countries))
            #expect(try !lastError().contains("status file") && !lastError().contains(server.options.snapshotFile))
        }
    }
}

/// What stands between a reader and its file.
private final class Gate: Sendable {
    private let state = Mutex(false)

    var isShut: Bool {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func pass() throws {
        if isShut { throw CocoaError(.fileReadUnknown) }
    }
}
