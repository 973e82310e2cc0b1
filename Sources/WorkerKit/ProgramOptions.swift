import ArgumentParser
import EventModel
import Settings
import Telemetry

/// What every program's command line takes.
package struct ProgramOptions: ParsableArguments {
    /// Used where `--config` names none: the first of these that exists, else the built-in defaults.
    static let usualFiles = ["/etc/millrace/millrace.toml", "Config/default.toml"]

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration, a TOML file (default: /etc/millrace/millrace.toml, else Config/default.toml).",
            valueName: "file"))
    package var configFile: String?

    @Flag(name: .customLong("check-config"), help: "Check the configuration, say whether it is good, and end.")
    package var checkConfig = false

    @Option(
        name: .customLong("log-level"),
        help: "trace, debug, info, notice, warning or error; wins over the configuration's log_level.")
    package var logLevel: String?

    package init() {}

    /// The file that is read: the one named, else the first usual one that exists; nil for none.
    package var usedFile: String? {
        configFile ?? Self.usualFiles.first { Environment.fileExists($0) }
    }

    /// Reads the configuration; flags win over the environment.
    package func configuration(
        environment: [String: String] = Environment.variables
    ) throws(ConfigurationError) -> Configuration {
        var overrides: [String: String] = [:]
        if let logLevel { overrides["log_level"] = logLevel }
        return try Configuration.load(file: usedFile, environment: environment, overrides: overrides)
    }
}
