import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

struct DirectoryLockTests {
    @Test func `a second writer is refused by whatever path it comes`() throws {
        try withTemporaryDirectory { directory in
            let real = directory + "/real"
            let log = try TestLog(LogConfiguration(directory: real))
            symlink(real, directory + "/link")
            for path in [real, directory + "/link", directory + "/real/../real/.", directory + "//real/"] {
                let error = #expect(throws: LogError.self) { try LogWriter.open(LogConfiguration(directory: path)) }
                #expect(error?.code == .locked)
                #expect(error?.exitCode.rawValue == 75)
            }
            // Refused, it has changed nothing.
            try log.keep("kept")
            log.writer.close()
            #expect(try readAll(directory + "/link").records.map(\.text) == ["kept"])
        }
    }

    @Test func `a writer that was killed locks nobody out, and what it had answered is there`() async throws {
        try await withTemporaryDirectory { directory in
            await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String] in
                let log = try LogWriter.open(LogConfiguration(directory: directory))
                let answers = Answers(log)
                for text in ["a", "b"] { _ = answers.wait(for: try log.append(batch([Array(text.utf8)]))) }
                kill(getpid(), SIGKILL)
            }
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(!next.writer.recovery.wasClosed)
            #expect(next.writer.recovery.lastSequence == 2)
            try next.keep("c")
            next.writer.close()
            #expect(try readAll(directory).records.map(\.text) == ["a", "b", "c"])
        }
    }
}
