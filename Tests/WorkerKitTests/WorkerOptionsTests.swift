import EventModel
import JobQueue
import Settings
import TestKit
import Testing

@testable import WorkerKit

@Suite struct WorkerOptionsTests {
    @Test func `a worker takes its own options and every program's`() throws {
        let options = try WorkerOptions.parse([
            "--config", "a.toml", "--log-level", "debug", "--slot", "2025-01-01T12:00Z", "--payload", "{}", "--json",
        ])
        #expect(options.program.configFile == "a.toml" && options.program.logLevel == "debug" && options.json)
        #expect(options.wantedSlot == .planned(Timestamp(milliseconds: 1_735_732_800_000)))
        #expect(try WorkerOptions.parse([]).wantedSlot == .request)
    }

    @Test(arguments: [
        ["--scheduled", "--once", "job_000000000000"], ["--scheduled", "--slot", "2025-01-01T12:00Z"],
        ["--once", "job_000000000000", "--payload", "{}"], ["--slot", "noon"], ["--dry-run", "--scheduled"],
        ["--nonsense"],
    ])
    func `options that contradict each other are refused`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try WorkerOptions.parse(arguments) }
        if let error { #expect(WorkerOptions.exitCode(for: error).rawValue == ExitCode.usage.rawValue) }
    }

    @Test func `a time of day that is none is bad configuration, and said by name`() throws {
        let error = #expect(throws: ProgramError.self) { try Environment.clock(["MILLRACE_NOW": "soon"]) }
        #expect(error?.exitCode == .badConfiguration && error?.description.contains("MILLRACE_NOW") == true)
        let now = try #require(Timestamp("2025-01-01T12:00:00Z"))
        #expect(try Environment.clock(["MILLRACE_NOW": "2025-01-01T12:00:00Z"]).now() >= now)
    }

    @Test func `an error is one object for those who read JSON`() throws {
        let error = ProgramError(.tryAgain, "another loader holds \"the lock\"")
        #expect(
            Program.errorObject(error, error.exitCode)
                == #"{"error":{"code":75,"message":"another loader holds \"the lock\""}}"#)
    }

    @Test func `a flag wins over the environment, and a wrong value is refused by name`() throws {
        var options = try ProgramOptions.parse(["--log-level", "error"])
        options.configFile = nil
        let environment = ["MILLRACE_LOG_LEVEL": "debug"]
        #expect(try options.configuration(environment: environment).logLevel == "error")
        let wrong = try ProgramOptions.parse(["--config", "/nowhere/millrace.toml"])
        let error = #expect(throws: ConfigurationError.self) { try wrong.configuration(environment: [:]) }
        #expect(error?.exitCode == .badConfiguration)
        #expect(error?.description.contains("/nowhere/millrace.toml") == true)
    }

    @Test func `a job's summary is JSON with its result inside`() async throws {
        try await withTemporaryDirectory { directory in
            let site = try WorkerSite(directory)
            let job = try site.enqueue()
            let done = try await site.worker { _, _ in .completed(result: #"{"a":1}"#) { _ in } }.drain()
            #expect(
                done.first?.summaryJSON
                    == #"{"attempt":1,"id":"\#(job.id)","kind":"aggregate","message":"","slot":"\#(job.slot)","#
                    + #""state":"completed","result":{"a":1}}"#)
        }
    }
}
