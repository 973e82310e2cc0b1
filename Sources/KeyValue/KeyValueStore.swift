import ControlStore
import EventModel
import GRDB

/// One namespace of the key-value store inside the control database.
///
/// Every call is part of the transaction that it is given: what is written commits with all else that it writes. Time
/// is the transaction's. An expired entry is never returned, whether its row is still there or not.
package struct KeyValueStore: Sendable {
    /// UTF-8 bytes of a value.
    package static let maximumValueBytes = 1 << 20
    /// Unicode scalars of a key.
    package static let maximumKeyLength = 512

    package let namespace: String

    /// `namespace` is such as `FUNNEL_DATA`, 1 to 64 characters.
    package init(namespace: String) { self.namespace = namespace }

    /// Writes the value and its expiry together; both replace those that the key had.
    ///
    /// - Parameters:
    ///   - key: two or more parts joined by colons, such as `funnel:live`; the last part may hold colons.
    ///   - json: an object or an array of at most 1 MiB; a larger one is refused, and the old value stays.
    ///   - livesFor: how long from now, nil for ever.
    package func put(
        _ key: String, json: String, livesFor: Duration?, in transaction: StoreTransaction
    ) throws {
        try check(key: key)
        try check(json: json, of: key, in: transaction)
        try transaction.database.execute(
            sql: KeyValueSQL.put,
            arguments: [
                "namespace": namespace, "key": key, "value": json, "now": transaction.now.description,
                "expires_at": livesFor.map { (transaction.now + $0).description },
            ])
    }

    /// The living entry of this key.
    package func get(_ key: String, in transaction: StoreTransaction) throws -> KeyValueEntry? {
        try Row.fetchOne(
            transaction.database, sql: KeyValueSQL.get,
            arguments: ["namespace": namespace, "key": key, "now": transaction.now.description]
        ).map(KeyValueEntry.init)
    }

    /// At most `limit` living entries whose keys begin with `prefix` (empty: all), in the order of their keys.
    package func list(
        prefix: String, limit: Int, in transaction: StoreTransaction
    ) throws -> [KeyValueEntry] {
        try Row.fetchAll(
            transaction.database, sql: KeyValueSQL.list,
            arguments: [
                "namespace": namespace, "prefix": prefix, "now": transaction.now.description, "limit": max(0, limit),
            ]
        ).map(KeyValueEntry.init)
    }

    /// Removes the entry; whether there was a row.
    @discardableResult
    package func remove(_ key: String, in transaction: StoreTransaction) throws -> Bool {
        try transaction.database.execute(
            sql: "DELETE FROM kv_entries WHERE namespace = :namespace AND key = :key",
            arguments: ["namespace": namespace, "key": key])
        return transaction.database.changesCount > 0
    }

    /// Deletes at most `limit` rows that have expired, the oldest first, and says how many: callers go on until it is
    /// 0, each time in a transaction of its own, so that nobody waits long.
    @discardableResult
    package func removeExpired(limit: Int = 1_000, in transaction: StoreTransaction) throws -> Int {
        try transaction.database.execute(
            sql: KeyValueSQL.removeExpired,
            arguments: ["namespace": namespace, "now": transaction.now.description, "limit": max(0, limit)])
        return transaction.database.changesCount
    }

    /// The namespaces that hold a living entry, in order.
    package static func namespaces(in transaction: StoreTransaction) throws -> [String] {
        try String.fetchAll(
            transaction.database, sql: KeyValueSQL.namespaces, arguments: ["now": transaction.now.description])
    }

    private func check(key: String) throws {
        let scalars = key.unicodeScalars
        let parts = key.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), scalars.count <= Self.maximumKeyLength,
            scalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw KeyValueError(
                code: .wrongKey,
                message: "\"\(key.prefix(100))\" is no key of \(namespace): it has two or more parts joined by colons, "
                    + "such as funnel:live, and at most \(Self.maximumKeyLength) characters")
        }
    }

    private func check(json: String, of key: String, in transaction: StoreTransaction) throws {
        let bytes = json.utf8.count
        guard bytes <= Self.maximumValueBytes else {
            throw KeyValueError(
                code: .valueTooLarge,
                message: "the value for \(key) in \(namespace) has \(bytes) bytes, and at most "
                    + "\(Self.maximumValueBytes) are allowed; the old value stays")
        }
        let type = try String.fetchOne(
            transaction.database, sql: "SELECT iif(json_valid(:json), json_type(:json), 'nothing')",
            arguments: ["json": json])
        // SQLite reads a text up to its first NUL.
        guard type == "object" || type == "array", !json.utf8.contains(0) else {
            throw KeyValueError(
                code: .wrongValue,
                message: "the value for \(key) in \(namespace) is not a JSON object or array; the old value stays")
        }
    }
}

/// The SQL of the key-value store, one text a file of `SQL/`.
enum KeyValueSQL {
    static let put = text(PackageResources.kv_entries_Put_sql)
    static let get = text(PackageResources.kv_entries_Get_sql)
    static let list = text(PackageResources.kv_entries_List_sql)
    static let removeExpired = text(PackageResources.kv_entries_RemoveExpired_sql)
    static let namespaces = text(PackageResources.kv_entries_Namespaces_sql)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
