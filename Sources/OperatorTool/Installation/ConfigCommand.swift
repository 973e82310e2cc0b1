import ArgumentParser
import EventModel
import Settings

/// `millrace config get KEY`: one value as the programs see it, after file, environment and defaults.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show the configuration's values.", subcommands: [Get.self])

    struct Get: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Print the value of one key.")

        @OptionGroup var options: ToolOptions
        @Argument(help: "\(Self.names.joined(separator: ", "))") var key: String

        private static let values: [String: @Sendable (Configuration) -> String] = [
            "data_dir": { $0.dataDirectory }, "runtime_dir": { $0.runtimeDirectory }, "log_level": { $0.logLevel },
            "ingest.http": { $0.ingest.http }, "ingest.unix": { $0.ingest.unix },
            "ingest.stream": { $0.ingest.stream }, "ingest.public_url": { $0.ingest.publicURL },
            "api.listen": { $0.api.listen }, "funnel.conversion_event": { $0.funnel.conversionEvent },
            "funnel.default_project": { $0.funnel.defaultProject ?? "" },
            "funnel.test_id": { $0.funnel.testID ?? "" },
        ]

        private static var names: [String] { values.keys.sorted() }

        func perform(_ tool: Tool) throws {
            guard let value = Self.values[key] else {
                throw ToolError(.usage, "no key \(key) can be shown; these can: \(Self.names.joined(separator: ", "))")
            }
            tool.console.line(value(tool.configuration))
        }
    }
}
