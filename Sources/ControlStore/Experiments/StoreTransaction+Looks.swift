import EventModel
import GRDB

/// A visitor with a variant of a test.
package struct AssignedVisitor: Sendable, Equatable {
    /// The user's id, the session's where there is no user.
    package let visitor: String
    /// When each variant was first assigned; with both, the visitor is a crossover.
    package let firstA: Timestamp?
    package let firstB: Timestamp?
}

/// One look at a test's numbers.
package struct TestLook: Sendable, Equatable {
    package let testID: String
    /// The end of the time looked at.
    package let lookedAt: Timestamp
    /// The least of all looks up to this one.
    package let alwaysValidP: Double
    /// A JSON object: the numbers looked at.
    package let detail: String

    package init(testID: String, lookedAt: Timestamp, alwaysValidP: Double, detail: String) {
        self.testID = testID
        self.lookedAt = lookedAt
        self.alwaysValidP = alwaysValidP
        self.detail = detail
    }
}

extension StoreTransaction {
    /// Gives `body` every visitor assigned to the test before `before`, once each, in no order; memory stays flat.
    package func assignedVisitors(
        test: String, project: ProjectID, before: Timestamp, _ body: (AssignedVisitor) throws -> Void
    ) throws {
        let statement = try database.cachedStatement(sql: ExperimentSQL.visitors)
        let cursor = try Row.fetchCursor(
            statement,
            arguments: ["project_id": project.rawValue, "test_id": test, "before": before.description])
        while let row = try cursor.next() {
            try body(
                AssignedVisitor(
                    visitor: row["visitor"], firstA: try row.optionalTimestamp("first_a"),
                    firstB: try row.optionalTimestamp("first_b")))
        }
    }

    /// The least always-valid p of all looks at the test up to and with `moment`; nil where there is none.
    package func leastAlwaysValidP(test: String, project: ProjectID, through moment: Timestamp) throws -> Double? {
        let sql = """
            SELECT min(always_valid_p) FROM test_looks
            WHERE project_id = :project_id AND test_id = :test_id AND looked_at <= :moment
            """
        let arguments: StatementArguments = [
            "project_id": project.rawValue, "test_id": test, "moment": moment.description,
        ]
        return try rows(sql, arguments).first?[0]
    }

    /// Keeps a look.
    package func putLook(_ look: TestLook, project: ProjectID) throws {
        try change(
            ExperimentSQL.putLook,
            [
                "project_id": project.rawValue, "test_id": look.testID, "looked_at": look.lookedAt.description,
                "always_valid_p": look.alwaysValidP, "detail": look.detail,
            ])
    }

    /// Every look at the test, the oldest first.
    package func looks(test: String, project: ProjectID) throws -> [TestLook] {
        let sql = """
            SELECT looked_at, always_valid_p, detail FROM test_looks
            WHERE project_id = :project_id AND test_id = :test_id ORDER BY looked_at
            """
        return try rows(sql, ["project_id": project.rawValue, "test_id": test]).map { row in
            TestLook(
                testID: test, lookedAt: try row.timestamp("looked_at"), alwaysValidP: row["always_valid_p"],
                detail: row["detail"])
        }
    }
}
