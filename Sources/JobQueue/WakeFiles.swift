import FoundationEssentials
import Glibc

/// Files by which those who watch the directory learn that jobs wait: `wake/<kind>`, empty.
///
/// A file that cannot be made is no error of the queueing: the job is on the disk, and the next tick tries again.
package struct WakeFiles: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    package func path(_ kind: JobKind) -> String { directory + "/" + kind.rawValue }

    /// Makes the kind's file, or gives it a new time.
    package func touch(_ kind: JobKind) {
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let file = open(path(kind), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o660)
        guard file >= 0 else { return }
        futimens(file, nil)
        close(file)
    }

    /// Removes the kind's file; whether there was one. A worker does so before it looks for jobs, so that one queued
    /// meanwhile wakes it again.
    @discardableResult
    package func remove(_ kind: JobKind) -> Bool { unlink(path(kind)) == 0 }
}
