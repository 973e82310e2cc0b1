import ArgumentParser
import EventModel
import WorkerKit

/// What every command takes, the same as all programs do.
typealias ToolOptions = ProgramOptions

/// A command of the tool: what it does is `perform`; finding the configuration and the console is not its business.
protocol ToolCommand: ParsableCommand {
    var options: ToolOptions { get }
    /// The result is wanted as JSON, and so is an error.
    var wantsJSON: Bool { get }

    func perform(_ tool: Tool) throws
}

extension ToolCommand {
    var wantsJSON: Bool { false }

    func run() throws {
        let frame = ToolFrame.current
        let configuration = try options.configuration(environment: frame.environment)
        if options.checkConfig {
            frame.console.line("configuration \(options.usedFile ?? "of built-in defaults") is good")
            return
        }
        let clock = try Environment.clock(frame.environment)
        try perform(
            Tool(
                configuration: configuration, configurationFile: options.usedFile, clock: clock,
                environment: frame.environment, console: frame.console))
    }
}

/// What the process gives to whichever command runs.
struct ToolFrame: Sendable {
    var environment: [String: String] = [:]
    var console = Console.standard(environment: [:])

    @TaskLocal static var current = ToolFrame()
}
