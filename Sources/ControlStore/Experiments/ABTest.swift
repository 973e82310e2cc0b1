import EventModel
import GRDB

/// An A/B test of a project: the row of `a_b_tests` as far as programs read it.
package struct ABTest: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable {
        case active, paused, completed, archived

        /// The states that may follow this one.
        package var next: [Status] {
            switch self {
            case .active: [.paused, .completed, .archived]
            case .paused: [.active, .completed, .archived]
            case .completed: [.archived]
            case .archived: []
            }
        }
    }

    /// `[a-z0-9_]{1,64}`, unique in its project.
    package let testID: String
    package let name: String
    package let componentID: String?
    package let status: Status
    package let startDate: Timestamp
    package let endDate: Timestamp?
    /// The event that counts as a conversion; nil for the project's.
    package let targetConversion: String?
    /// Visitors that each variant needs before there can be a winner.
    package let sampleSize: Int
    /// Between 0 and 1.
    package let confidenceThreshold: Double
    /// `A`, `B` or `none`, as somebody decided it.
    package let winnerVariant: String
    package let createdAt: Timestamp
    /// A's planned share of the visitors, 0 to 1.
    package let shareOfA: Double
    /// Nil while nobody has a variant.
    package let firstAssignedAt: Timestamp?

    /// When the test began: at its start date, or with its first assignment where history was brought in later.
    package var began: Timestamp { min(startDate, firstAssignedAt ?? startDate) }

    init(_ row: Row) throws {
        let text: String = row["status"]
        guard let status = Status(rawValue: text) else {
            throw StoreError(.damaged, "a test has the status \"\(text)\", which none has")
        }
        self.status = status
        testID = row["test_id"]
        name = row["test_name"]
        componentID = row["component_id"]
        startDate = try row.timestamp("start_date")
        endDate = try row.optionalTimestamp("end_date")
        targetConversion = row["target_conversion"]
        sampleSize = row["sample_size"]
        confidenceThreshold = row["confidence_threshold"]
        winnerVariant = row["winner_variant"]
        createdAt = try row.timestamp("created_at")
        shareOfA = row["share_of_a"]
        firstAssignedAt = try row.optionalTimestamp("first_assigned_at")
    }
}

/// What is said of a test when it is made.
package struct ABTestDraft: Sendable {
    /// `[a-z0-9_]{1,64}`.
    package var testID: String
    /// The test's id where nil.
    package var name: String?
    package var componentID: String?
    /// 0 to 1.
    package var shareOfA = 0.5
    package var targetConversion: String?
    package var sampleSize = 1_000
    package var confidenceThreshold = 0.95
    /// Now where nil.
    package var startDate: Timestamp?

    package init(testID: String, componentID: String? = nil) {
        self.testID = testID
        self.componentID = componentID
    }

    /// Why the draft cannot be a test, in a sentence; nil where it can.
    var fault: String? {
        let letters = testID.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
        if !letters || !(1...64).contains(testID.utf8.count) {
            return "a test's id has 1 to 64 of the characters a-z, 0-9 and _, which \"\(testID)\" has not"
        }
        if !(0...1).contains(shareOfA) { return "A's share lies between 0 and 1, which \(shareOfA) does not" }
        if sampleSize < 1 { return "the sample size is at least 1, not \(sampleSize)" }
        if !(confidenceThreshold > 0 && confidenceThreshold < 1) {
            return
                "the confidence threshold lies between 0 and 1 (0.95 for 95 %), which \(confidenceThreshold) does not"
        }
        if let target = targetConversion, !(1...100).contains(target.unicodeScalars.count) {
            return "the target is the name of an event, of 1 to 100 characters"
        }
        return nil
    }
}
