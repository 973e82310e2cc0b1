import Logging
import Synchronization

/// How a program reports: swift-log, with logfmt on stderr.
package enum Telemetry {
    private static let level = Mutex(Logger.Level.info)

    /// Sets up logging for the program; called once, before anything logs. `level` is one of swift-log's names.
    package static func bootstrap(program: String, level: String) {
        setLevel(level)
        LoggingSystem.bootstrap { _ in
            LogfmtHandler(program: program, commonLevel: { self.level.withLock { $0 } }, write: standardError)
        }
    }

    /// Changes the level of all loggers that have none of their own, also of those that exist. An unknown name is
    /// taken for `info`.
    package static func setLevel(_ name: String) {
        level.withLock { $0 = Logger.Level(rawValue: name) ?? .info }
    }
}
