import EventModel

/// Why the key-value store refused a write.
package struct KeyValueError: ExitCoded {
    package enum Code: Sendable, Equatable {
        /// The key is not two or more parts joined by colons.
        case wrongKey
        /// The value is no JSON object or array.
        case wrongValue
        case valueTooLarge
    }

    package let code: Code
    /// What was attempted, what is wrong with it, and what is allowed.
    package let message: String

    package var exitCode: ExitCode { .badData }
    package var description: String { message }
}
