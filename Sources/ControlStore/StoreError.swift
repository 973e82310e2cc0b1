import EventModel
import GRDB

/// What went wrong with the control database.
package struct StoreError: ExitCoded {
    package enum Code: Sendable, Equatable {
        /// There is no database at the path.
        case missing
        /// The database was written by another version of the programs.
        case otherVersion
        /// Somebody held the write lock for longer than the busy time-out.
        case busy
        case diskFull
        case notPermitted
        /// There is no place for the file: its directory is missing, or something else stands there.
        case cannotOpen
        /// The file is not a database, or is damaged.
        case damaged
        /// What was asked breaks a rule of the schema: a CHECK, a key, a reference.
        case refused
        /// What was named does not exist.
        case notFound
        /// The state moved on since it was read: a second loader, another merge.
        case conflict
        /// The disk refused to read, write or sync.
        case inputOutput
        case failed
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

    /// Tells SQLite's result codes and the file system's apart; errors of this room pass through.
    package init(_ error: any Error, attempting what: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        if let error = error as? FileError {
            let code: Code = error.isFullDisk ? .diskFull : error.isDenied ? .notPermitted : .inputOutput
            self.init(code, error.description, underlying: error)
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.failed, "\(what) failed: \(error)", underlying: error)
            return
        }
        let text = error.message ?? "no reason given"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.busy, "\(what) waited too long for the write lock; try again", underlying: error)
        case .SQLITE_FULL:
            self.init(.diskFull, "\(what) failed: the disk is full; free some space and try again", underlying: error)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .notPermitted, "\(what) was not permitted: \(text); check the owner of data_dir", underlying: error)
        case .SQLITE_CANTOPEN:
            self.init(
                .cannotOpen, "\(what) failed: \(text); check that its directory exists and may be written",
                underlying: error)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.damaged, "\(what) failed: \(text); restore the newest backup", underlying: error)
        case .SQLITE_IOERR:
            self.init(
                .inputOutput, "\(what) failed: \(text); look after the disk, then try again", underlying: error)
        case .SQLITE_CONSTRAINT:
            self.init(.refused, "\(what) was refused: \(text)", underlying: error)
        default:
            self.init(.failed, "\(what) failed: \(text)", underlying: error)
        }
    }

    package var exitCode: ExitCode {
        switch code {
        case .missing: .noInput
        case .otherVersion: .badConfiguration
        case .busy, .conflict: .tryAgain
        case .diskFull, .inputOutput: .inputOutput
        case .notPermitted: .noPermission
        case .cannotOpen: .cannotCreate
        case .damaged, .refused: .badData
        case .notFound: .noInput
        case .failed: .failed
        }
    }

    package var description: String { message }
}
