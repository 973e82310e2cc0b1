import Crypto
import EventModel
import GRDB

/// The hash by which a key is known: its text is shown once and kept nowhere.
package enum ApiKeyHash {
    /// `sha256:` and the 64 hexadecimal digits of the hash of the key's UTF-8.
    package static func hash(_ key: String) -> String { "sha256:" + hexText(SHA256.hash(data: Array(key.utf8))) }

    /// A new key: `pk_live_` or `sk_live_` and 32 random hexadecimal digits.
    static func newKey(_ kind: ProjectSnapshot.Kind) -> String {
        let prefix =
            switch kind {
            case .public: "pk_live_"
            case .secret: "sk_live_"
            }
        return prefix + randomHex(32)
    }
}

/// The SQL of keys, one text a file of `SQL/`.
enum KeySQL {
    static let insert = ProjectSQL.text(PackageResources.api_keys_Insert_sql)
    static let list = ProjectSQL.text(PackageResources.api_keys_List_sql)
    static let owner = ProjectSQL.text(PackageResources.api_keys_Owner_sql)
    static let valid = ProjectSQL.text(PackageResources.api_keys_Valid_sql)
}

extension StoreTransaction {
    /// Makes a key of the project. `plainText` is the only time that its text is seen.
    ///
    /// Throws `.notFound` where there is no such project.
    package func createKey(
        project: ProjectID, kind: ProjectSnapshot.Kind, name: String? = nil, expiresAt: Timestamp? = nil
    ) throws -> (key: KeyRow, plainText: String) {
        guard try self.project(project) != nil else {
            throw StoreError(.notFound, "there is no project \(project); `millrace project list` shows all")
        }
        guard (name?.unicodeScalars.count ?? 0) <= 200 else {
            throw StoreError(.refused, "a key's name has at most 200 characters")
        }
        let plainText = ApiKeyHash.newKey(kind)
        let row = try Row.fetchOne(
            database, sql: KeySQL.insert,
            arguments: [
                "key_id": "key_" + randomHex(12), "project_id": project.rawValue, "kind": kind.rawValue, "name": name,
                "hash": ApiKeyHash.hash(plainText), "now": now.description, "expires_at": expiresAt?.description,
            ])
        guard let row else { throw StoreError(.failed, "the key was not found right after it was made") }
        return (try KeyRow(row), plainText)
    }

    /// Every key of the project, also those revoked and expired, oldest first.
    package func keys(project: ProjectID) throws -> [KeyRow] {
        try Row.fetchAll(database, sql: KeySQL.list, arguments: ["project_id": project.rawValue]).map(KeyRow.init)
    }

    /// Revokes the key from now on. One that is revoked already keeps its time. Throws `.notFound` where no key has
    /// this id.
    package func revokeKey(id: String) throws {
        try database.execute(
            sql: "UPDATE api_keys SET revoked_at = :now WHERE key_id = :id AND revoked_at IS NULL",
            arguments: ["now": now.description, "id": id])
        guard database.changesCount == 0 else { return }
        let known = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM api_keys WHERE key_id = :id)", arguments: ["id": id])
        guard known == true else {
            throw StoreError(.notFound, "there is no key \(id); `millrace project key list` shows a project's keys")
        }
    }

    /// Whose key has this hash (see `ApiKeyHash`); nil where none has, or it is revoked, expired, or its project
    /// deleted.
    package func keyOwner(hash: String) throws -> (projectID: ProjectID, kind: ProjectSnapshot.Kind)? {
        let row = try Row.fetchOne(
            database, sql: KeySQL.owner, arguments: ["hash": hash, "now": now.description])
        guard let row, let kind = ProjectSnapshot.Kind(rawValue: row["kind"]) else { return nil }
        return (ProjectID(rawValue: row["project_id"]), kind)
    }
}
