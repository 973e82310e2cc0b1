import EventModel
import Glibc

/// Why the log cannot do what was asked of it.
package struct LogError: ExitCoded, Equatable {
    package enum Code: Sendable {
        /// The disk has no room, or less than `log.min_free_mib`; goes away when there is room again.
        case full
        /// More is waiting for the disk than the log may hold in memory; try again in a moment.
        case pendingLimit
        /// A record is larger than a record may be, or a batch holds none.
        case unacceptable
        /// The log was closed.
        case closed
        /// The disk refused a write or a sync; the log begins a new segment and goes on as soon as one can be made.
        case failed
        /// Another process writes this log.
        case locked
        /// There is no log, or no such directory.
        case missing
        /// A segment of a format that this program does not know.
        case unknownVersion
        /// Segments of another log than the one expected.
        case foreignLog
        /// The log ends before the sequence number from which it shall be read.
        case endsEarly
        /// A segment cannot be read at all.
        case damaged
        /// The directory cannot be made: what should hold it is missing, or is a file.
        case cannotCreate
        case noPermission
        case inputOutput
    }

    package let code: Code
    /// What was tried, where, and what can be done: one sentence without its full stop.
    package let attempted: String
    /// The system's error number, where there is one.
    package let underlying: Int32?

    package init(_ code: Code, _ attempted: String, underlying: Int32? = nil) {
        self.code = code
        self.attempted = attempted
        self.underlying = underlying
    }

    /// An error made of the system's error number, which decides over the code.
    init(errno number: Int32, _ attempted: String) {
        let code: Code =
            switch number {
            case ENOSPC, EDQUOT: .full
            case EACCES, EPERM, EROFS: .noPermission
            case ENOENT, ENOTDIR: .missing
            default: .inputOutput
            }
        self.init(code, attempted, underlying: number)
    }

    package var description: String {
        guard let underlying else { return attempted }
        return "\(attempted): \(String(cString: strerror(underlying)))"
    }

    package var exitCode: ExitCode {
        switch code {
        case .cannotCreate: .cannotCreate
        case .pendingLimit, .closed: .unavailable
        case .unacceptable, .unknownVersion, .foreignLog, .endsEarly, .damaged: .badData
        case .locked: .tryAgain
        case .missing: .noInput
        case .noPermission: .noPermission
        case .full, .failed, .inputOutput: .inputOutput
        }
    }
}
