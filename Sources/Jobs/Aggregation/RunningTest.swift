import ControlStore
import EventModel
import Warehouse

/// A test's numbers up to a moment.
struct TestFigures: Equatable {
    struct Variant: Equatable {
        var visitors = 0
        var conversions = 0
        var revenue = Money()
    }

    var a = Variant()
    var b = Variant()
    /// Visitors who were assigned both variants: they are in neither.
    var crossovers = 0

    /// Takes in a visitor as things stood at `end`. Conversions count from the visitor's first assignment on.
    mutating func add(_ visitor: AssignedVisitor, conversions: [Conversion], before end: Timestamp) {
        let a = visitor.firstA.flatMap { $0 < end ? $0 : nil }
        let b = visitor.firstB.flatMap { $0 < end ? $0 : nil }
        switch (a, b) {
        case (nil, nil): break
        case (.some, .some): crossovers += 1
        case (.some(let assigned), nil): Self.add(conversions, from: assigned, before: end, to: &self.a)
        case (nil, .some(let assigned)): Self.add(conversions, from: assigned, before: end, to: &self.b)
        }
    }

    private static func add(
        _ conversions: [Conversion], from assigned: Timestamp, before end: Timestamp, to variant: inout Variant
    ) {
        variant.visitors += 1
        let counted = conversions.filter { $0.time >= assigned && $0.time < end }
        guard !counted.isEmpty else { return }
        variant.conversions += 1
        for conversion in counted {
            if let revenue = conversion.revenue { variant.revenue = variant.revenue + revenue }
        }
    }
}

/// The choice of the test that a record speaks of.
enum RunningTest {
    /// The test `named` by the configuration, else the oldest active one; of a finished day also one that was
    /// completed after it. Nil where no such test had begun before the window's end. `tests` are the oldest first.
    static func choose(from tests: [ABTest], named: String?, for window: RecordWindow) -> ABTest? {
        let begun = tests.filter { $0.began < window.end }
        if let test = begun.first(where: { $0.testID == named }) { return test }
        return begun.first { test in
            switch test.status {
            case .active: true
            case .completed: window.kind == .daily && (test.endDate ?? window.end) > window.end
            case .paused, .archived: false
            }
        }
    }
}
