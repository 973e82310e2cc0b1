import EventModel
import Glibc
import Settings

/// Starts `millrace up` as a process of its own session, and waits until that says that all its programs answer.
struct DetachedSupervisor {
    /// How long that may take. The process itself ends sooner where its programs don't answer, and says why.
    private static let limitSeconds = 120.0

    let tool: Tool

    func start() throws {
        let directory = tool.configuration.runtimeDirectory
        let output = directory + "/up.out"
        var arguments = ["up"]
        if let file = tool.configurationFile { arguments += ["--config", file] }
        let child = try ChildProcess.start(
            ProcessTable.ownPath(), arguments, environment: tool.environment, output: output, newSession: true)
        let limit = ContinuousClock.now + .seconds(Self.limitSeconds)
        while !SupervisorLock.isReady(child.pid, runtimeDirectory: directory) {
            if let end = child.end() {
                throw ChildFailure(exitCode: end.exitCode, description: Self.sentence(end, output))
            }
            guard ContinuousClock.now < limit else {
                child.stop(seconds: 60)
                throw ToolError(
                    .unavailable,
                    "`millrace up` did not come up within \(Int(Self.limitSeconds)) s; "
                        + "see \(output) and the .out files beside it")
            }
            tool.console.progress("waiting for daemon, loader and API …")
            usleep(50_000)
        }
        tool.console.endProgress()
        tool.console.line("Running as process \(child.pid); `millrace down` ends it.")
    }

    /// What the process said itself says most; else how it ended.
    private static func sentence(_ end: ChildProcess.End, _ output: String) -> String {
        let mark = "millrace: "
        if let said = TextFile.lastSentence(of: output), said.hasPrefix(mark) {
            return String(said.dropFirst(mark.count))
        }
        return "`millrace up` \(end.sentence); see \(output)"
    }
}

/// A program that was started did not come up; its exit code becomes ours.
struct ChildFailure: ExitCoded {
    let exitCode: ExitCode
    let description: String
}
