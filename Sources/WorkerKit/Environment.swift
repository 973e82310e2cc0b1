import EventModel
import FoundationEssentials

/// What the process was started with.
package enum Environment {
    package static var variables: [String: String] { ProcessInfo.processInfo.environment }

    /// The clock that `MILLRACE_NOW` sets, else the machine's; refuses a text that is no time.
    package static func clock(_ variables: [String: String] = variables) throws(ProgramError) -> Clock {
        guard let clock = Clock.named(in: variables) else {
            throw ProgramError(
                .badConfiguration,
                "environment variable MILLRACE_NOW must be a time in ISO 8601 with its zone, "
                    + "such as 2025-01-01T12:00:00Z")
        }
        return clock
    }

    static func fileExists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
