import EventModel
import Glibc
import Settings

/// Starts `millrace up` as a process of its own session, and waits until the installation answers.
struct DetachedSupervisor {
    /// How long everything may take to come up.
    private static let limitSeconds = 60.0

    let tool: Tool

    func start() throws {
        let output = tool.configuration.runtimeDirectory + "/up.out"
        var arguments = ["up"]
        if let file = tool.configurationFile { arguments += ["--config", file] }
        let child = try ChildProcess.start(
            ProcessTable.ownPath(), arguments, environment: tool.environment, output: output, newSession: true)
        let health = Health(configuration: tool.configuration)
        let limit = ContinuousClock.now + .seconds(Self.limitSeconds)
        while !health.isWell {
            if let end = child.end() {
                let said = TextFile.end(of: output, lines: 1).first.map { "; \($0)" } ?? ""
                throw ChildFailure(exitCode: end.exitCode, description: Self.sentence(said, end, output))
            }
            guard ContinuousClock.now < limit else {
                child.stop(seconds: 60)
                throw ToolError(
                    .unavailable,
                    "daemon and API did not answer within \(Int(Self.limitSeconds)) s; "
                        + "see \(output) and the .out files beside it"
                )
            }
            tool.console.progress("waiting for daemon and API …")
            usleep(50_000)
        }
        tool.console.endProgress()
        tool.console.line("Running as process \(child.pid); `millrace down` ends it.")
    }

    /// What the process said itself says most; else how it ended.
    private static func sentence(_ said: String, _ end: ChildProcess.End, _ output: String) -> String {
        let mark = "millrace: "
        if let start = said.firstRange(of: mark) { return String(said[start.upperBound...]) }
        return "`millrace up` \(end.sentence); see \(output)"
    }
}

/// A program that was started did not come up; its exit code becomes ours.
struct ChildFailure: ExitCoded {
    let exitCode: ExitCode
    let description: String
}

/// Whether daemon and API answer.
struct Health {
    let configuration: Configuration

    var isWell: Bool { answers(configuration.ingest.http) && answers(configuration.api.listen) }

    func answers(_ address: String) -> Bool {
        (try? LocalHTTP.get("/health", at: address, seconds: 2).status) == 200
    }
}
