import EventModel
import GRDB

/// The variant of a test that a session was shown first.
package struct AssignmentRecord: Sendable, Equatable {
    package var testID: String
    /// `A` or `B`.
    package var variant: String
    package var assignedAt: Timestamp
    /// How many events of the session named the other variant, as `metadata.conflicts`.
    package var conflicts: Int64

    package init(testID: String, variant: String, assignedAt: Timestamp, conflicts: Int64) {
        self.testID = testID
        self.variant = variant
        self.assignedAt = assignedAt
        self.conflicts = conflicts
    }
}

extension StoreTransaction {
    /// The state (`active`, `paused`, `completed`, `archived`) of each A/B test of a project, by its id.
    package func testStates(of project: ProjectID) throws -> [String: String] {
        let sql = "SELECT test_id, status FROM a_b_tests WHERE project_id = :project_id"
        var states: [String: String] = [:]
        for row in try rows(sql, ["project_id": project.rawValue]) { states[row[0]] = row[1] }
        return states
    }

    /// The variant of a test that a session has.
    package func assignment(test: String, session: String, of project: ProjectID) throws -> AssignmentRecord? {
        let arguments: StatementArguments = [
            "project_id": project.rawValue, "test_id": test, "session_id": session,
        ]
        guard let row = try rows(LoadingSQL.assignmentFind, arguments).first else { return nil }
        return AssignmentRecord(
            testID: test, variant: row[0], assignedAt: try row.timestamp("assigned_at"), conflicts: row[2])
    }

    /// Gives a session its variant of a test.
    package func insertAssignment(_ assignment: AssignmentRecord, session: String, of project: ProjectID) throws {
        try change(
            LoadingSQL.assignmentInsert,
            [
                "id": EventID.version7(at: assignment.assignedAt).description, "project_id": project.rawValue,
                "test_id": assignment.testID, "session_id": session, "variant": assignment.variant,
                "assigned_at": assignment.assignedAt.description,
                "metadata": assignment.conflicts > 0 ? "{\"conflicts\":\(assignment.conflicts)}" : "{}",
            ])
    }

    /// Writes a session's variant as it stands now.
    package func updateAssignment(_ assignment: AssignmentRecord, session: String, of project: ProjectID) throws {
        try change(
            LoadingSQL.assignmentUpdate,
            [
                "project_id": project.rawValue, "test_id": assignment.testID, "session_id": session,
                "variant": assignment.variant, "assigned_at": assignment.assignedAt.description,
                "conflicts": assignment.conflicts,
            ])
    }
}
