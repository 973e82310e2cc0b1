/// What every program ends with; the numbers are those of `sysexits.h`.
package enum ExitCode: Int32, Sendable {
    case done = 0
    case failed = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case cannotCreate = 73
    case inputOutput = 74
    /// A lock or a lease is somebody else's now.
    case tryAgain = 75
    case noPermission = 77
    case badConfiguration = 78
}

/// An error that knows with which code a program ends because of it, and that says in one sentence what was wrong,
/// where, and what to do.
package protocol ExitCoded: Error, CustomStringConvertible {
    var exitCode: ExitCode { get }
}
