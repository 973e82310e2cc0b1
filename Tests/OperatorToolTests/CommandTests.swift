import ControlStore
import EventModel
import FoundationEssentials
import Synchronization
import TestKit
import Testing
import WriteAheadLog

@testable import OperatorTool

/// What a command wrote.
private final class Recorder: Sendable {
    private let written = Mutex<(result: [UInt8], notes: String)>(([], ""))

    var console: Console {
        Console(
            result: { bytes in
                self.written.withLock { $0.result += bytes }
                return true
            },
            note: { text in self.written.withLock { $0.notes += text } })
    }

    var result: String { written.withLock { String(decoding: $0.result, as: UTF8.self) } }
    var notes: String { written.withLock { $0.notes } }
}

@Suite struct CommandTests {
    /// Runs a command on an installation in the directory.
    private func run(_ arguments: String..., in directory: String) -> (code: ExitCode, result: String, notes: String) {
        let recorder = Recorder()
        let environment = [
            "MILLRACE_DATA_DIR": directory + "/lib", "MILLRACE_RUNTIME_DIR": directory + "/run",
            "MILLRACE_INGEST_HTTP": "127.0.0.1:1", "MILLRACE_API_LISTEN": "127.0.0.1:1",
        ]
        let code = OperatorTool.run(arguments, environment: environment, console: recorder.console)
        return (code, recorder.result, recorder.notes)
    }

    private func object(_ text: String) throws -> [String: String?] {
        try JSONDecoder().decode([String: String?].self, from: Data(text.utf8))
    }

    @Test func `a project is made with two keys, and listed without them`() throws {
        try withTemporaryDirectory { directory in
            #expect(run("migrate", in: directory).code == .done)
            let made = run("project", "create", "shop", "--domain", "shop.example", "--json", in: directory)
            #expect(made.code == .done)
            let keys = try object(made.result)
            #expect(Set(keys.keys) == ["project_id", "public_key", "secret_key"])
            let listed = run("project", "list", "--json", in: directory)
            #expect(listed.result.contains("\"name\":\"shop\""))
            #expect(!listed.result.contains("_live_"))
            #expect(run("project", "create", "shop", in: directory).code == .badData)
        }
    }

    @Test func `without a database a command says how to make one`() throws {
        try withTemporaryDirectory { directory in
            let ended = run("kv", "get", "funnel:live", "--json", in: directory)
            #expect(ended.code == .noInput)
            #expect(ended.notes.contains("\"error\"") && ended.notes.contains("millrace migrate"))
        }
    }

    @Test func `usage errors end with 64, broken configurations with 78`() throws {
        try withTemporaryDirectory { directory in
            #expect(run("demo", "--days", "0", in: directory).code == .usage)
            #expect(run("nonsense", in: directory).code == .usage)
            #expect(run("sql", "SELECT 1", "--json", "--csv", in: directory).code == .usage)
            #expect(run("--config", directory + "/absent.toml", "status", in: directory).code == .badConfiguration)
            #expect(run("--help", in: directory).code == .done)
        }
    }

    @Test func `shared options may stand before a sub-command`() {
        #expect(
            OperatorTool.ordered(["--config", "f", "project", "--log-level=info", "list"])
                == ["project", "list", "--config", "f", "--log-level=info"])
    }

    @Test func `status works while nothing runs, with the members that scripts read`() throws {
        try withTemporaryDirectory { directory in
            for _ in 0..<2 {
                let ended = run("status", "--json", in: directory)
                #expect(ended.code == .done)
                for member in ["daemon", "log", "jobs", "sources", "beacons", "disk"] {
                    #expect(JSONMember.named(member, of: ended.result) != nil, "\(member)")
                }
                _ = run("migrate", in: directory)
            }
        }
    }

    @Test func `a queued job is shown with its columns, and cancelled`() throws {
        try withTemporaryDirectory { directory in
            _ = run("migrate", in: directory)
            let queued = run("jobs", "run", "aggregate", "--json", in: directory)
            #expect(JSONMember.named("state", of: queued.result) == "\"available\"")
            let id = try #require(JSONMember.named("id", of: queued.result)).filter { $0 != "\"" }
            #expect(
                JSONMember.named("kind", of: run("jobs", "show", id, "--json", in: directory).result) == "\"aggregate\""
            )
            #expect(run("jobs", "cancel", id, in: directory).code == .done)
            #expect(run("jobs", "show", "job_none", in: directory).code == .noInput)
        }
    }

    @Test func `an A/B test is made, paused, and not made twice`() throws {
        try withTemporaryDirectory { directory in
            _ = run("migrate", in: directory)
            _ = run("project", "create", "shop", in: directory)
            #expect(run("test", "create", "hero", "--component", "hero", in: directory).code == .done)
            #expect(run("test", "create", "hero", "--component", "hero", in: directory).code == .badData)
            #expect(run("test", "pause", "hero", in: directory).code == .done)
            #expect(run("test", "list", "--json", in: directory).result.contains("\"status\":\"paused\""))
            #expect(run("test", "pause", "other", in: directory).code == .noInput)
        }
    }

    @Test func `a test's moves and a project's settings reach the daemon's snapshot`() throws {
        try withTemporaryDirectory { directory in
            _ = run("migrate", in: directory)
            _ = run("project", "create", "shop", in: directory)
            func shown() throws -> ProjectSnapshot.Project {
                try #require(ProjectSnapshotFile.read(path: directory + "/lib/snapshot/projects.json")?.projects.first)
            }
            #expect(run("test", "create", "hero", "--component", "hero", in: directory).code == .done)
            let first = try shown()
            #expect(first.tests.map(\.state) == [.active])
            #expect(run("test", "pause", "hero", in: directory).code == .done)
            #expect(try shown().tests.map(\.state) == [.paused])
            #expect(run("test", "complete", "hero", in: directory).code == .done)
            #expect(try shown().tests.isEmpty)
            #expect(run("project", "set", "hesitation_ms", "5000", in: directory).code == .done)
            let set = run("project", "set", "scroll_depth_percents", "50,100", "--json", in: directory)
            #expect(JSONMember.named("scroll_depth_percents", of: set.result) == "[50,100]")
            #expect(try shown().browser[.hesitation] == 5_000)
            #expect(try shown().browser.scrollDepths == [50, 100])
            #expect(run("project", "set", "hesitation_ms", "default", in: directory).code == .done)
            #expect(try shown().browser[set: .hesitation] == nil)
            #expect(run("project", "set", in: directory).result.contains("50,100"))
            for (name, value) in [("hesitation_ms", "1"), ("hesitation_ms", "x"), ("other", "1")] {
                #expect(run("project", "set", name, value, in: directory).code == .badData)
            }
            #expect(run("project", "set", "hesitation_ms", in: directory).code == .usage)
        }
    }

    @Test func `a dump without a number begins with the first record that there is`() throws {
        try withTemporaryDirectory { directory in
            _ = run("migrate", in: directory)
            let log = directory + "/lib/log"
            for number in 0..<3 {
                let writer = try LogWriter.open(LogConfiguration(directory: log, minFreeBytes: 0))
                var batch = RecordBatch()
                let time = Timestamp(milliseconds: 1_700_000_000_000)
                batch.append(
                    Event(
                        id: .version7(at: time), projectID: .random(), receivedAt: time, timestamp: time,
                        eventType: "click_\(number)", pageURL: ""
                    ).encoded())
                _ = try writer.append(batch)
                writer.close()
            }
            try LogDirectory.removeSegments(
                in: log, loadedThrough: 1, olderThan: Timestamp(milliseconds: 0), force: true)
            let all = run("log", "dump", in: directory)
            #expect(all.code == .done && all.notes.isEmpty)
            #expect(all.result.split(separator: "\n").map { $0.first } == ["2", "3"])
            #expect(run("log", "dump", "--from", "1", in: directory).code == .badData)
            #expect(run("log", "dump", "--from", "0", in: directory).code == .usage)
        }
    }

    @Test func `down says that nothing runs, send that no daemon does`() throws {
        try withTemporaryDirectory { directory in
            #expect(run("down", in: directory).result.contains("Nothing runs"))
            let key = directory + "/key"
            #expect(FileManager.default.createFile(atPath: key, contents: Data("sk_live_x\n".utf8)))
            #expect(run("send", key, "--key-file", key, in: directory).code == .unavailable)
        }
    }
}
