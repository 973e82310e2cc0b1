import ControlStore
import EventModel
import Statistics
import Warehouse

/// One project's part of a run.
struct ProjectRun {
    let aggregator: Aggregator
    let project: Project
    /// All that was received up to here is loaded.
    let moment: Timestamp

    /// The records of the windows, which stand in the order of their ends, and the looks at tests they are made of.
    func records(
        _ windows: [RecordWindow], progress: (Double, String) throws -> Void
    ) throws -> (records: [FunnelRecord], looks: [TestLook]) {
        let settings = aggregator.settings
        let tests = try aggregator.store.read { try $0.tests(project: project.projectID) }
        let chosen = windows.map { RunningTest.choose(from: tests, named: settings.testID, for: $0) }
        let figures = try testFigures(windows, chosen)
        var looks = Looks(store: aggregator.store, project: project.projectID)
        var records: [FunnelRecord] = []
        for (index, window) in windows.enumerated() {
            try progress(Double(index) / Double(windows.count), "\(project.projectID) \(window.date)")
            let own = try events.figures(of: window)
            let test = try chosen[index].map { planned in
                try judge(figures[index], of: planned, at: window.end, looks: &looks)
            }
            records.append(
                FunnelRecord(
                    window: window, figures: own, test: test,
                    sources: RecordSources(own: own, loadedTo: moment, currency: project.currency),
                    updatedAt: aggregator.clock.now()))
        }
        return (records, looks.made)
    }

    private var events: OwnEvents {
        OwnEvents(
            store: aggregator.store, warehouse: aggregator.warehouse, dataDirectory: aggregator.settings.dataDirectory,
            project: project, conversionEvent: conversionEvent, ctaComponents: aggregator.settings.ctaComponents)
    }

    private var conversionEvent: String { project.conversionEvent ?? aggregator.settings.conversionEvent }

    /// Each window's figures of its test. A test's conversions and assignments are read once for all windows.
    private func testFigures(_ windows: [RecordWindow], _ chosen: [ABTest?]) throws -> [TestFigures] {
        var figures = [TestFigures](repeating: TestFigures(), count: windows.count)
        var seen: Set<String> = []
        for test in chosen.compactMap(\.self) where seen.insert(test.testID).inserted {
            let places = windows.indices.filter { chosen[$0]?.testID == test.testID }
            guard let last = places.map({ windows[$0].end }).max() else { continue }
            let conversions = try events.conversions(
                test.targetConversion ?? conversionEvent, from: test.began, to: last)
            try aggregator.store.read { transaction in
                try transaction.assignedVisitors(test: test.testID, project: project.projectID, before: last) {
                    visitor in
                    let converted = conversions[visitor.visitor] ?? []
                    for place in places {
                        figures[place].add(visitor, conversions: converted, before: windows[place].end)
                    }
                }
            }
        }
        return figures
    }

    private func judge(
        _ figures: TestFigures, of planned: ABTest, at end: Timestamp, looks: inout Looks
    ) throws -> FunnelRecord.Test {
        let verdict = TestVerdict(
            figures, of: planned, mixingEffect: aggregator.settings.mixingEffect,
            previousP: try looks.least(of: planned.testID, through: end))
        looks.add(verdict, figures: figures, of: planned.testID, at: end)
        return FunnelRecord.Test(planned: planned, figures: figures, verdict: verdict)
    }
}

/// The looks at a project's tests: those kept, and those made in this run.
private struct Looks {
    let store: ControlStore
    let project: ProjectID
    private(set) var made: [TestLook] = []

    /// The least always-valid p up to and with `moment`; nil before the first look.
    func least(of test: String, through moment: Timestamp) throws -> Double? {
        let kept = try store.read { try $0.leastAlwaysValidP(test: test, project: project, through: moment) }
        let now = made.filter { $0.testID == test && $0.lookedAt <= moment }.map(\.alwaysValidP)
        return (now + [kept].compactMap(\.self)).min()
    }

    mutating func add(_ verdict: TestVerdict, figures: TestFigures, of test: String, at moment: Timestamp) {
        func variant(_ proportion: Proportion) -> Value {
            .object(("visitors", .count(proportion.trials)), ("conversions", .count(proportion.successes)))
        }
        let detail = Value.object(
            ("A", variant(verdict.a)), ("B", variant(verdict.b)), ("crossovers", .count(figures.crossovers)),
            ("winner", .text(verdict.winner.rawValue)), ("reason", .text(verdict.reason)))
        made.append(
            TestLook(testID: test, lookedAt: moment, alwaysValidP: verdict.alwaysValidP, detail: detail.json))
    }
}
