import EventModel

/// Why the API cannot start or go on.
package struct APIError: ExitCoded {
    package enum Code: Sendable, Equatable {
        /// Another process listens on the address.
        case occupied
        /// The address is not one of this machine's, or no address at all.
        case badAddress
        /// The port needs a right that this user lacks.
        case notPermitted
        /// A user of `admin.users` has a hash that is not bcrypt.
        case badPasswordHash
        case failed
    }

    package let code: Code
    /// What was attempted, where, and what to do about it.
    package let description: String
    package let underlying: (any Error)?

    init(_ code: Code, _ description: String, underlying: (any Error)? = nil) {
        self.code = code
        self.description = description
        self.underlying = underlying
    }

    package var exitCode: ExitCode {
        switch code {
        case .occupied: .unavailable
        case .badAddress, .badPasswordHash: .badConfiguration
        case .notPermitted: .noPermission
        case .failed: .failed
        }
    }
}
