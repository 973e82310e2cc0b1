import ControlStore
import EventModel
import GRDB

/// A value with its key and its times.
package struct KeyValueEntry: Sendable, Equatable {
    package let key: String
    /// The text of a JSON object or array, byte for byte as it was put.
    package let json: String
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    /// From this moment on no read returns the entry; nil: it stays.
    package let expiresAt: Timestamp?

    init(_ row: Row) throws {
        key = row["key"]
        json = row["value"]
        createdAt = try row.timestamp("created_at")
        updatedAt = try row.timestamp("updated_at")
        expiresAt = try row.optionalTimestamp("expires_at")
    }
}
