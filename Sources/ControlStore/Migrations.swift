import EventModel
import GRDB

/// The schema's history: each file of `SQL/Migrations` is applied once, in order, and never edited after it landed.
package enum Migrations {
    /// Name and SQL of each migration, oldest first.
    package static var all: [(name: String, sql: String)] {
        [
            ("0001-accounts", text(PackageResources._001_accounts_sql)),
            ("0002-behaviour", text(PackageResources._002_behaviour_sql)),
            ("0003-loading", text(PackageResources._003_loading_sql)),
            ("0004-jobs", text(PackageResources._004_jobs_sql)),
            ("0005-browser", text(PackageResources._005_browser_sql)),
        ]
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for migration in all {
            migrator.registerMigration(migration.name) { database in try database.execute(sql: migration.sql) }
        }
        return migrator
    }

    static func run(on pool: DatabasePool, path: String) throws {
        try pool.read { database in try refuseNewer(database, path: path) }
        try migrator.migrate(pool)
    }

    static func check(_ database: Database, path: String) throws {
        try refuseNewer(database, path: path)
        guard try migrator.hasCompletedMigrations(database) else {
            throw StoreError(
                .otherVersion, "\(path) has an older schema than these programs; run `millrace migrate` first")
        }
    }

    private static func refuseNewer(_ database: Database, path: String) throws {
        guard try !migrator.hasBeenSuperseded(database) else {
            throw StoreError(
                .otherVersion, "\(path) was written by a newer version of Millrace; install that version")
        }
    }
}
