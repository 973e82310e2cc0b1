import EventModel

/// Why the daemon cannot start.
package struct IngestError: ExitCoded, Equatable {
    /// A database is bad whatever happens, or could not be read this time.
    package enum Code: Sendable, Equatable {
        case badAddress, badDatabase, unreadDatabase, badSocket, addressInUse, noPermission, cannotCreate, inputOutput
    }

    package let code: Code
    /// What was tried, where, and what to do.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package var exitCode: ExitCode {
        switch code {
        case .badAddress, .badDatabase, .unreadDatabase, .badSocket: .badConfiguration
        case .addressInUse: .unavailable
        case .noPermission: .noPermission
        case .cannotCreate: .cannotCreate
        case .inputOutput: .inputOutput
        }
    }
}
