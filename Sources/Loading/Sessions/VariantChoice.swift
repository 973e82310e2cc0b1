import ControlStore
import EventModel

/// What the events of one batch say of a session's variant of one test: the earliest counts.
struct VariantChoice {
    let testID: String
    private(set) var variant: String
    private(set) var origin: PartOrigin
    private var counts: [String: Int64]

    init(_ variant: Event.Variant, origin: PartOrigin) {
        testID = variant.testID
        self.variant = variant.variant
        self.origin = origin
        counts = [variant.variant: 1]
    }

    mutating func add(_ other: String, origin: PartOrigin) {
        counts[other, default: 0] += 1
        guard origin.position < self.origin.position else { return }
        variant = other
        self.origin = origin
    }

    /// The session's row after these events: nil where nothing changes. `known` is the row before; a test that is not
    /// active gives nobody a variant, and keeps those it has as they are.
    func settle(_ known: AssignmentRecord?, isActive: Bool) -> AssignmentRecord? {
        guard isActive else { return nil }
        var row =
            known ?? AssignmentRecord(testID: testID, variant: variant, assignedAt: origin.position.time, conflicts: 0)
        if origin.position.time < row.assignedAt {
            row.conflicts += row.variant == variant ? 0 : 1
            row.variant = variant
            row.assignedAt = origin.position.time
        }
        row.conflicts += counts.reduce(0) { $0 + ($1.key == row.variant ? 0 : $1.value) }
        return row == known ? nil : row
    }
}
