import Foundation
import GRDB

/// The SQL files of the storage rooms, as they stand in the checkout.
enum StoreSQL {
    /// Path below `Sources` and text of every query: migrations are run by each test that has a database.
    static let queries: [(path: String, text: String)] = {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources").path
        return ["ControlStore", "KeyValue", "JobQueue"].flatMap { room -> [(String, String)] in
            let found = FileManager.default.enumerator(atPath: "\(sources)/\(room)/SQL")?.allObjects as? [String] ?? []
            return found.filter { $0.hasSuffix(".sql") && !$0.hasPrefix("Migrations/") }.sorted().compactMap { file in
                guard let text = try? String(contentsOfFile: "\(sources)/\(room)/SQL/\(file)", encoding: .utf8)
                else { return nil }
                return ("\(room)/SQL/\(file)", text)
            }
        }
    }()

    static func text(of file: String) -> String? { queries.first { $0.path.hasSuffix("/" + file) }?.text }

    /// What SQLite says it would do, a line a step.
    static func plan(_ sql: String, in database: Database) throws -> [String] {
        try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + sql, arguments: nulls(for: sql)).map { $0["detail"] }
    }

    /// NULL for every named parameter: a plan does not depend on values.
    private static func nulls(for sql: String) -> StatementArguments {
        let names = sql.matches(of: /:([a-z_]+)/).map { String($0.1) }
        return StatementArguments(Dictionary(names.map { ($0, DatabaseValue.null) }) { first, _ in first })
    }
}
