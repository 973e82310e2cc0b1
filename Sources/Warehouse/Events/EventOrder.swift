import EventModel

/// The order of rows in a file: by user_id as bytes (rows without one last), then timestamp, then sequence. The same
/// as DuckDB's `ORDER BY user_id NULLS LAST, timestamp, sequence`.
enum EventOrder {
    static let sql = "user_id ASC NULLS LAST, \"timestamp\" ASC, sequence ASC"

    /// The numbers of the rows, in order.
    static func sorted(_ rows: UnsafeBufferPointer<StoredEvent>) -> [Int32] {
        var keys = rows.indices.map { Key(rows[$0], row: Int32($0)) }
        keys.sort { precedes($0, $1, rows) }
        return keys.map(\.row)
    }

    /// Decides most comparisons without touching the rows.
    private struct Key {
        /// The first 8 bytes of the user, as a number that sorts as they do.
        let user: UInt64
        let hasUser: Bool
        let timestamp: Timestamp
        let sequence: UInt64
        let row: Int32

        init(_ stored: borrowing StoredEvent, row: Int32) {
            user = stored.event.userID.map(Self.prefix) ?? 0
            hasUser = stored.event.userID != nil
            timestamp = stored.event.timestamp
            sequence = stored.sequence
            self.row = row
        }

        private static func prefix(_ text: String) -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 56
            for byte in text.utf8.prefix(8) {
                value |= UInt64(byte) << shift
                shift = shift >= 8 ? shift - 8 : 0
            }
            return value
        }
    }

    private static func precedes(_ left: Key, _ right: Key, _ rows: UnsafeBufferPointer<StoredEvent>) -> Bool {
        if left.hasUser != right.hasUser { return left.hasUser }
        if left.user != right.user { return left.user < right.user }
        let order = compareUsers(rows[Int(left.row)].event.userID, rows[Int(right.row)].event.userID)
        if order != 0 { return order < 0 }
        if left.timestamp != right.timestamp { return left.timestamp < right.timestamp }
        return left.sequence < right.sequence
    }

    /// Compares the UTF-8 bytes; Swift's own order of strings is another one.
    private static func compareUsers(_ left: String?, _ right: String?) -> Int {
        guard let left, let right else { return 0 }
        if left == right, left.utf8.count == right.utf8.count, left.utf8.elementsEqual(right.utf8) { return 0 }
        return left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }
}
