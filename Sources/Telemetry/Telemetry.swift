import Logging

/// How a program reports: swift-log, with logfmt on stderr.
package enum Telemetry {
    /// Sets up logging for the program; called once, before anything logs. `level` is one of swift-log's names.
    package static func bootstrap(program: String, level: String) {
        let level = Logger.Level(rawValue: level) ?? .info
        LoggingSystem.bootstrap { _ in LogfmtHandler(program: program, logLevel: level, write: standardError) }
    }
}
