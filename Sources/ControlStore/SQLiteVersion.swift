import GRDB

/// The SQLite that these programs run with.
package struct SQLiteVersion: Sendable, Comparable, CustomStringConvertible {
    /// `3.51.3` is 3051003, as SQLite itself numbers its versions.
    package let number: Int

    package init(number: Int) { self.number = number }

    package static var current: SQLiteVersion {
        let parts =
            (try? DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") })
            .flatMap { $0 }?.split(separator: ".").compactMap { Int($0) } ?? []
        return SQLiteVersion(number: parts.reduce(0) { $0 * 1_000 + $1 })
    }

    package static func < (left: SQLiteVersion, right: SQLiteVersion) -> Bool { left.number < right.number }

    /// Whether a checkpoint beside a commit that resets the WAL is safe.
    package var resetsWALSafely: Bool { number >= 3_051_003 }

    package var description: String { "\(number / 1_000_000).\(number / 1_000 % 1_000).\(number % 1_000)" }
}
