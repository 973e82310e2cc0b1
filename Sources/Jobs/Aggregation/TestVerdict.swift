import ControlStore
import EventModel
import Statistics

/// What a test's numbers mean, and why.
struct TestVerdict: Equatable {
    enum Winner: String { case a = "A", b = "B", none }

    /// Below this the split of the visitors is not the planned one.
    static let leastSampleRatioP = 0.001
    /// With fewer visitors the split is not judged.
    static let leastVisitorsForSplit = 100
    /// The largest share of crossovers among the assigned.
    static let mostCrossovers = 0.01

    let a: Proportion
    let b: Proportion
    let test: ZTest?
    /// The least of this look and all before it.
    let alwaysValidP: Double
    let probabilityBBeatsA: Double?
    let sampleRatioP: Double?
    let visitorsNeeded: Int?
    let winner: Winner
    /// In words.
    let reason: String

    /// `previousP` is the least always-valid p of the looks before.
    init(_ figures: TestFigures, of planned: ABTest, mixingEffect: Double, previousP: Double?) {
        a = Proportion(successes: figures.a.conversions, trials: figures.a.visitors)
        b = Proportion(successes: figures.b.conversions, trials: figures.b.visitors)
        test = twoProportionZ(a, b)
        alwaysValidP = min(previousP ?? 1, Statistics.alwaysValidP(a, b, mixingEffect: mixingEffect))
        let assigned = a.trials + b.trials
        probabilityBBeatsA = assigned > 0 ? Statistics.probabilityBBeatsA(a, b) : nil
        sampleRatioP = Statistics.sampleRatioP(visitorsA: a.trials, visitorsB: b.trials, shareOfA: planned.shareOfA)
        visitorsNeeded = visitorsNeededPerVariant(a, b, threshold: planned.confidenceThreshold)
        let obstacle = Self.obstacle(
            a: a, b: b, test: test, crossovers: figures.crossovers, sampleRatioP: sampleRatioP,
            alwaysValidP: alwaysValidP, planned: planned)
        if let obstacle {
            winner = .none
            reason = obstacle
        } else {
            winner = (test?.z ?? 0) > 0 ? .b : .a
            reason = "\(winner.rawValue) leads with the confidence and the visitors asked for, and every check passes"
        }
    }

    /// Relative difference of B's rate over A's; nil where A's rate is 0 or either is unknown.
    var improvement: Double? {
        guard let rateA = a.rate, let rateB = b.rate, rateA > 0 else { return nil }
        return rateB / rateA - 1
    }

    /// Why there is no winner; nil where there is one. What spoils the numbers themselves comes first.
    private static func obstacle(
        a: Proportion, b: Proportion, test: ZTest?, crossovers: Int, sampleRatioP: Double?, alwaysValidP: Double,
        planned: ABTest
    ) -> String? {
        let assigned = a.trials + b.trials
        if assigned + crossovers == 0 { return "no visitors assigned yet" }
        if assigned >= leastVisitorsForSplit, let sampleRatioP, sampleRatioP < leastSampleRatioP {
            return "sample ratio mismatch: the visitors are not split as planned"
        }
        if Double(crossovers) > mostCrossovers * Double(assigned + crossovers) {
            return "too many crossovers: over 1 % of the visitors saw both variants"
        }
        if a.trials == 0 || b.trials == 0 { return "no visitors in variant \(a.trials == 0 ? "A" : "B") yet" }
        guard let test else {
            return a.successes + b.successes == 0 ? "no conversions yet" : "every visitor converted"
        }
        if 1 - test.p < planned.confidenceThreshold { return "confidence below threshold" }
        if min(a.trials, b.trials) < planned.sampleSize { return "sample size not reached" }
        if alwaysValidP >= 1 - planned.confidenceThreshold {
            return "always-valid p not below 1 - threshold: too early to tell, with a look at every run"
        }
        return nil
    }
}
