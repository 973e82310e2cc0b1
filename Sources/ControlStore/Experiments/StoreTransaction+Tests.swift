import EventModel
import GRDB

/// The SQL of A/B tests, one text a file of `SQL/Experiments`.
enum ExperimentSQL {
    static let list = text(PackageResources.a_b_tests_List_sql)
    static let running = text(PackageResources.a_b_tests_Running_sql)
    static let insert = text(PackageResources.a_b_tests_Insert_sql)
    static let move = text(PackageResources.a_b_tests_Move_sql)
    static let visitors = text(PackageResources.variant_assignments_Visitors_sql)
    static let counts = text(PackageResources.variant_assignments_Counts_sql)
    static let putLook = text(PackageResources.test_looks_Put_sql)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension StoreTransaction {
    /// Every test of a project, the oldest first.
    package func tests(project: ProjectID) throws -> [ABTest] {
        try rows(ExperimentSQL.list, ["project_id": project.rawValue]).map(ABTest.init)
    }

    /// The test with this id; nil where the project has none.
    package func test(_ testID: String, project: ProjectID) throws -> ABTest? {
        try tests(project: project).first { $0.testID == testID }
    }

    /// Makes a test, which is active at once. Throws `.refused` with the reason where the draft breaks a rule or the
    /// id is taken.
    package func createTest(_ draft: ABTestDraft, project: ProjectID) throws -> ABTest {
        if let fault = draft.fault { throw StoreError(.refused, fault) }
        guard try test(draft.testID, project: project) == nil else {
            throw StoreError(.refused, "the project has a test \"\(draft.testID)\" already; choose another id")
        }
        try change(
            ExperimentSQL.insert,
            [
                "id": EventID.version7(at: now).description, "project_id": project.rawValue,
                "test_id": draft.testID, "test_name": draft.name ?? draft.testID,
                "component_id": draft.componentID, "share": draft.shareOfA,
                "start_date": (draft.startDate ?? now).description, "target_conversion": draft.targetConversion,
                "sample_size": draft.sampleSize, "confidence_threshold": draft.confidenceThreshold,
                "now": now.description,
            ])
        guard let test = try test(draft.testID, project: project) else {
            throw StoreError(.failed, "the test \"\(draft.testID)\" was not found right after it was made")
        }
        return test
    }

    /// Moves a test to another state. Throws `.notFound` where there is no such test, `.refused` where its state
    /// does not allow the move.
    package func moveTest(_ testID: String, project: ProjectID, to status: ABTest.Status) throws {
        guard let test = try test(testID, project: project) else {
            throw StoreError(
                .notFound, "the project has no test \"\(testID)\"; `millrace test list` shows those it has")
        }
        guard test.status.next.contains(status) else {
            throw StoreError(
                .refused, "the test \"\(testID)\" is \(test.status.rawValue) and cannot become \(status.rawValue)")
        }
        try change(
            ExperimentSQL.move,
            [
                "project_id": project.rawValue, "test_id": testID, "from": test.status.rawValue,
                "to": status.rawValue, "now": now.description,
            ])
    }

    /// How many sessions have each variant, by test.
    package func assignedSessions(project: ProjectID) throws -> [String: (a: Int, b: Int)] {
        var counts: [String: (a: Int, b: Int)] = [:]
        for row in try rows(ExperimentSQL.counts, ["project_id": project.rawValue]) {
            counts[row["test_id"]] = (row["sessions_a"], row["sessions_b"])
        }
        return counts
    }
}
