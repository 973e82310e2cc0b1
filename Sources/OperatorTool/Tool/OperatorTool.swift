import ArgumentParser
import EventModel
import Glibc
import Telemetry
import WorkerKit

/// The program `millrace`.
package enum OperatorTool {
    /// The options of all commands which may stand before a sub-command: those with a value, and those without.
    private static let valuedOptions: Set<String> = ["--config", "--log-level"]
    private static let flags: Set<String> = ["--check-config"]

    /// Runs the command that the process was started with, and ends the process.
    package static func main() -> Never {
        // A reader of the output that goes away is seen where it is written, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        let code = run(Array(CommandLine.arguments.dropFirst()), environment: Environment.variables)
        exit(code.rawValue)
    }

    /// Runs the command that the arguments (without the program's name) ask for, and gives the exit code.
    package static func run(
        _ arguments: [String], environment: [String: String], console: Console? = nil
    ) -> EventModel.ExitCode {
        let frame = ToolFrame(
            environment: environment, console: console ?? .standard(environment: environment))
        return ToolFrame.$current.withValue(frame) { run(arguments, frame.console) }
    }

    private static func run(_ arguments: [String], _ console: Console) -> EventModel.ExitCode {
        var command: any ParsableCommand
        do {
            command = try MillraceCommand.parseAsRoot(ordered(arguments))
        } catch {
            return report(parsing: error, asJSON: arguments.contains("--json"), console)
        }
        do {
            try command.run()
            return .done
        } catch let error as EndedWith {
            return error.exitCode
        } catch let error as any ExitCoded {
            console.endProgress()
            let wantsJSON = (command as? any ToolCommand)?.wantsJSON ?? false
            report(error.description, error.exitCode, asJSON: wantsJSON, console)
            return error.exitCode
        } catch {
            return report(parsing: error, asJSON: false, console)
        }
    }

    /// The options that all commands share, moved behind the rest: they may stand before a sub-command.
    static func ordered(_ arguments: [String]) -> [String] {
        var rest: [String] = []
        var shared: [String] = []
        var index = 0
        while index < arguments.count, arguments[index] != "--" {
            let argument = arguments[index]
            let name = String(argument.prefix { $0 != "=" })
            if valuedOptions.contains(argument), index + 1 < arguments.count {
                shared += [argument, arguments[index + 1]]
                index += 1
            } else if flags.contains(argument) || (name != argument && valuedOptions.contains(name)) {
                shared.append(argument)
            } else {
                rest.append(argument)
            }
            index += 1
        }
        return rest + shared + arguments[index...]
    }

    /// Help and version go to the result; what cannot be parsed is an error of usage.
    private static func report(parsing error: any Error, asJSON: Bool, _ console: Console) -> EventModel.ExitCode {
        let code = EventModel.ExitCode(rawValue: MillraceCommand.exitCode(for: error).rawValue) ?? .failed
        let text = MillraceCommand.fullMessage(for: error)
        if code == .done {
            console.line(text)
        } else if asJSON {
            report(MillraceCommand.message(for: error), code, asJSON: true, console)
        } else {
            console.note(text)
        }
        return code
    }

    private static func report(_ sentence: String, _ code: EventModel.ExitCode, asJSON: Bool, _ console: Console) {
        console.note(asJSON ? Program.errorObject(Sentence(description: sentence), code) : "millrace: \(sentence)")
    }
}

/// An error's text alone.
private struct Sentence: Error, CustomStringConvertible {
    let description: String
}

/// Ends a command with a code when all there is to say was said.
struct EndedWith: Error {
    let exitCode: EventModel.ExitCode

    init(_ exitCode: EventModel.ExitCode) { self.exitCode = exitCode }
}

/// `millrace`: the root of all commands.
struct MillraceCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace", abstract: "The operator's tool of Millrace.", version: millraceVersion,
        groupedSubcommands: [
            CommandGroup(
                name: "Running:",
                subcommands: [UpCommand.self, DownCommand.self, StatusCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Setting up:",
                subcommands: [
                    MigrateCommand.self, ProjectCommand.self, TestCommand.self, ConfigCommand.self,
                    PasswordHashCommand.self,
                ]),
            CommandGroup(
                name: "Data:",
                subcommands: [
                    SQLCommand.self, KeyValueCommand.self, LogCommand.self, JobsCommand.self, SendCommand.self,
                    DemoCommand.self,
                ]),
        ])

    @OptionGroup var options: ToolOptions

    func perform(_ tool: Tool) throws {
        tool.console.line(Self.helpMessage())
    }
}
