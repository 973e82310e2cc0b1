import ControlStore
import EventModel

/// What a session's funnel steps say of each other.
enum FunnelSteps {
    /// A step as the events of one batch tell it: the earliest entry.
    struct Entry {
        var record: FunnelStepRecord
        var origin: PartOrigin
    }

    /// Adds an entry to those of a session; the earliest of a step counts.
    static func add(_ entry: Entry, to entries: inout [Entry]) {
        let same = entries.firstIndex {
            $0.record.order == entry.record.order && $0.record.funnel == entry.record.funnel
        }
        guard let same else {
            entries.append(entry)
            return
        }
        if entry.origin.position < entries[same].origin.position { entries[same] = entry }
    }

    /// Why a step cannot be kept; nil where it can.
    static func fault(in step: Event.FunnelStep) -> String? {
        func isName(_ text: String) -> Bool {
            (1...100).contains(text.unicodeScalars.count) && !text.utf8.contains(0)
        }
        if !isName(step.name) { return "funnel.name must have 1 to 100 characters" }
        if !isName(step.step) { return "funnel.step must have 1 to 100 characters" }
        if !(0...1_000).contains(step.order) { return "funnel.order must be 0 to 1000, not \(step.order)" }
        return nil
    }

    /// The steps of a session after new entries, of which the earlier counts, each with its exit: the earliest later
    /// entry into a step of higher order; where there is none and the session has ended, with its reason.
    static func settle(
        _ known: [FunnelStepRecord], with entries: [Entry], exit: SessionRecord.Exit?
    ) -> [FunnelStepRecord] {
        var steps = known
        for entry in entries {
            let new = entry.record
            if let same = steps.firstIndex(where: { $0.order == new.order && $0.funnel == new.funnel }) {
                if new.enteredAt < steps[same].enteredAt { steps[same] = new }
            } else {
                steps.append(new)
            }
        }
        for index in steps.indices {
            let step = steps[index]
            var next: Timestamp?
            for other in steps
            where other.funnel == step.funnel && other.order > step.order && other.enteredAt >= step.enteredAt {
                next = min(next ?? other.enteredAt, other.enteredAt)
            }
            steps[index].exitedAt = next
            steps[index].dropoffReason = next == nil ? exit?.reason.rawValue : nil
        }
        return steps
    }
}
