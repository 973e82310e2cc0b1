import EventModel
import FoundationEssentials
import Glibc
import TestKit
import Testing

@testable import OperatorTool

@Suite struct SupervisorTests {
    @Test func `a supervisor is ready when it has said so, and only for its own process`() throws {
        try withTemporaryDirectory { directory in
            let lock = try SupervisorLock(runtimeDirectory: directory)
            lock.claim()
            #expect(SupervisorLock.holder(runtimeDirectory: directory) == getpid())
            #expect(!SupervisorLock.isReady(getpid(), runtimeDirectory: directory))
            lock.markReady()
            #expect(SupervisorLock.isReady(getpid(), runtimeDirectory: directory))
            #expect(!SupervisorLock.isReady(getpid() + 1, runtimeDirectory: directory))
            #expect(SupervisorLock.holder(runtimeDirectory: directory) == getpid())
            lock.release()
            #expect(!SupervisorLock.isReady(getpid(), runtimeDirectory: directory))
        }
    }

    @Test func `a second supervisor is refused until the first lets go`() throws {
        try withTemporaryDirectory { directory in
            let first = try SupervisorLock(runtimeDirectory: directory)
            first.claim()
            let refusal = #expect(throws: ToolError.self) { try SupervisorLock(runtimeDirectory: directory) }
            #expect(refusal?.exitCode == .tryAgain)
            first.letGo()
            _ = try SupervisorLock(runtimeDirectory: directory)
        }
    }

    @Test func `a program's last sentence is told from its log's records`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/program.out"
            #expect(TextFile.lastSentence(of: path) == nil)
            TextFile.write("at=1 level=info\nthe port is taken\nat=2 level=info message=end\n", to: path)
            #expect(TextFile.lastSentence(of: path) == "the port is taken")
        }
    }

    @Test func `a status file names its process, and what cannot be read names none`() throws {
        try withTemporaryDirectory { directory in
            #expect(StatusFile.pid(of: "millraced", in: directory) == nil)
            TextFile.write(
                "{\"program\": \"millraced\", \"pid\": 71", to: StatusFile.path(of: "millraced", in: directory))
            #expect(StatusFile.pid(of: "millraced", in: directory) == nil)
            TextFile.write("{\"pid\": 71, \"more\": []}", to: StatusFile.path(of: "millraced", in: directory))
            #expect(StatusFile.pid(of: "millraced", in: directory) == 71)
        }
    }

    @Test func `a started program's output and end are seen, and one that is not there is an error`() throws {
        try withTemporaryDirectory { directory in
            let output = directory + "/out"
            let child = try ChildProcess.start(
                "/bin/sh", ["-c", "echo said; exit 69"], environment: [:], output: output)
            #expect(child.waitForEnd(seconds: 120) == .exited(69))
            #expect(ChildProcess.End.exited(69).exitCode == .unavailable)
            #expect(TextFile.lastSentence(of: output) == "said")
            #expect(throws: ToolError.self) {
                try ChildProcess.start(directory + "/absent", [], environment: [:], output: output)
            }
        }
    }
}
