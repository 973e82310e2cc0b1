import ControlStore
import EventModel
import Glibc
import Warehouse
import WriteAheadLog

/// Why the loader cannot go on.
package struct LoadError: ExitCoded {
    package enum Code: Sendable, CaseIterable {
        /// Another loader works on this data_dir.
        case locked
        /// The log is not the one that was loaded so far.
        case foreignLog
        /// The log ends before the checkpoint, or is gone.
        case endsEarly
        /// A file that was just written is not there as it was written.
        case fileMissing
        case inputOutput
        case noPermission
    }

    package let code: Code
    /// What was attempted, where, and what to do about it.
    package let message: String
    package let underlying: (any Error)?

    package init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// The error of the call that just failed, by its `errno`.
    static func system(_ what: String, remedy: String) -> LoadError {
        let number = errno
        let code: Code = [EACCES, EPERM, EROFS].contains(number) ? .noPermission : .inputOutput
        return LoadError(code, "\(what): \(String(cString: strerror(number))); \(remedy)")
    }

    package var exitCode: ExitCode {
        switch code {
        case .locked: .tryAgain
        case .foreignLog, .endsEarly: .badData
        case .fileMissing, .inputOutput: .inputOutput
        case .noPermission: .noPermission
        }
    }

    package var description: String { message }

    /// True where the same work may succeed later without anybody changing the installation: a full disk, a busy
    /// database, a disk that refused once.
    static func mayPass(_ error: any Error) -> Bool {
        switch error {
        case let error as StoreError: [.diskFull, .busy, .inputOutput].contains(error.code)
        case let error as WarehouseError: [.inputOutput, .outOfMemory, .missingFile].contains(error.code)
        case let error as LogError: [.full, .failed, .inputOutput].contains(error.code)
        case let error as LoadError: error.code == .fileMissing || error.code == .inputOutput
        default: false
        }
    }
}
