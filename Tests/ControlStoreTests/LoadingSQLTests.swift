import GRDB
import TestKit
import Testing

@testable import ControlStore

@Suite struct LoadingSQLTests {
    static let all = [
        LoadingSQL.sessionFind, LoadingSQL.sessionsOfVisitor, LoadingSQL.sessionInsert, LoadingSQL.sessionUpdate,
        LoadingSQL.sessionsOverdue, LoadingSQL.sessionsTimeOut, LoadingSQL.stepsTimeOut, LoadingSQL.stepsOfSession,
        LoadingSQL.stepUpsert, LoadingSQL.assignmentInsert, LoadingSQL.assignmentFind, LoadingSQL.assignmentUpdate,
        LoadingSQL.fileInsert, LoadingSQL.filesCurrent, LoadingSQL.filesReceivedSince, LoadingSQL.filesReplaced,
        LoadingSQL.counterAdd, LoadingSQL.deadLetterInsert,
    ]

    @Test(arguments: all)
    func `a statement of the loader is good, and scans no table`(sql: String) throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            try store.read { transaction in
                let statement = try transaction.database.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
                statement.setUncheckedArguments(StatementArguments())
                let plan = try Row.fetchAll(statement).map { $0["detail"] as String }
                // A list of rowids that the caller gives is no table.
                #expect(!plan.contains { $0.hasPrefix("SCAN") && !$0.contains("json_each") }, "\(plan)\n\(sql)")
            }
        }
    }
}
