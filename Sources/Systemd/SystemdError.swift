import EventModel

/// Why what the service manager handed over cannot be used.
package struct SystemdError: ExitCoded, Equatable {
    package enum Code: Sendable, Equatable {
        /// What came is no listening stream socket.
        case badSocket
        /// What came cannot be read.
        case unreadable
    }

    package let code: Code
    /// Which socket, what is wrong with it, and what to do.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package var exitCode: ExitCode { .badConfiguration }
}
