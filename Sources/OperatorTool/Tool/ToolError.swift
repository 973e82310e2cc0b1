import EventModel

/// Why a command of the operator's tool ends otherwise than well.
package struct ToolError: ExitCoded, Equatable {
    package enum Code: Sendable {
        /// The arguments don't fit together.
        case usage
        /// What was given cannot be taken.
        case badData
        /// What was named does not exist.
        case notFound
        /// A program or socket doesn't answer.
        case unavailable
        case cannotCreate
        /// Somebody else does this already.
        case tryAgain
        case noPermission
        case inputOutput
        case failed
    }

    package let code: Code
    /// What was wrong, where, and what to do: one sentence without its full stop.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package var exitCode: ExitCode {
        switch code {
        case .usage: .usage
        case .badData: .badData
        case .notFound: .noInput
        case .unavailable: .unavailable
        case .cannotCreate: .cannotCreate
        case .tryAgain: .tryAgain
        case .noPermission: .noPermission
        case .inputOutput: .inputOutput
        case .failed: .failed
        }
    }
}
