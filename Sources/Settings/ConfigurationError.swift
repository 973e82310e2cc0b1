import EventModel

/// Why a configuration cannot be used.
package struct ConfigurationError: ExitCoded, Equatable {
    package enum Code: Sendable, Equatable {
        case missingFile, unreadableFile, notTOML, unknownKey, wrongValue, missingSecret
    }

    package let code: Code
    /// Where it stands (file and line, or the environment's or the flag's name), what is wrong, what is allowed.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package var exitCode: ExitCode { .badConfiguration }
}
