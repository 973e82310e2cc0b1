import ControlStore
import EventModel
import TestKit
import Testing
import Warehouse

@testable import Jobs

struct TestVerdictTests {
    /// A planned test as the store gives it.
    private func planned(sampleSize: Int = 1_000, share: Double = 0.5, threshold: Double = 0.95) throws -> ABTest {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let project = try makeProject(store)
            var draft = ABTestDraft(testID: "hero")
            draft.sampleSize = sampleSize
            draft.shareOfA = share
            draft.confidenceThreshold = threshold
            return try store.write { try $0.createTest(draft, project: project) }
        }
    }

    private func figures(_ a: (Int, Int), _ b: (Int, Int), crossovers: Int = 0) -> TestFigures {
        var figures = TestFigures()
        figures.a = .init(visitors: a.1, conversions: a.0)
        figures.b = .init(visitors: b.1, conversions: b.0)
        figures.crossovers = crossovers
        return figures
    }

    private func verdict(
        _ figures: TestFigures, _ planned: ABTest, previousP: Double? = nil
    ) -> TestVerdict {
        TestVerdict(figures, of: planned, mixingEffect: 0.02, previousP: previousP)
    }

    @Test func `a clear lead of enough visitors has a winner`() throws {
        let planned = try planned()
        let forB = verdict(figures((200, 2_000), (300, 2_000)), planned)
        #expect(forB.winner == .b)
        #expect(forB.reason.hasPrefix("B leads"))
        #expect(verdict(figures((300, 2_000), (200, 2_000)), planned).winner == .a)
    }

    @Test func `the specification's example has no winner for its confidence`() throws {
        let verdict = verdict(figures((38, 623), (51, 624)), try planned())
        #expect(verdict.winner == .none)
        #expect(verdict.reason == "confidence below threshold")
    }

    @Test func `each check alone stops a winner and is named`() throws {
        let planned = try planned()
        let few = verdict(figures((100, 900), (200, 900)), planned)
        #expect(few.winner == .none && few.reason == "sample size not reached")
        let split = verdict(figures((200, 2_000), (400, 2_400)), planned)
        #expect(split.winner == .none && split.reason.hasPrefix("sample ratio mismatch"))
        let crossed = verdict(figures((200, 2_000), (300, 2_000), crossovers: 41), planned)
        #expect(crossed.winner == .none && crossed.reason.hasPrefix("too many crossovers"))
        #expect(verdict(figures((200, 2_000), (300, 2_000), crossovers: 40), planned).winner == .b)
        // p is 0.034 here, the always valid p 0.371.
        let early = verdict(figures((200, 2_000), (242, 2_000)), planned)
        #expect(early.winner == .none && early.reason.hasPrefix("always-valid p"))
    }

    @Test func `an uneven split that was planned is no mismatch`() throws {
        let uneven = figures((40, 400), (540, 3_600))
        let verdictOfPlan = verdict(uneven, try planned(sampleSize: 100, share: 0.1))
        #expect(verdictOfPlan.sampleRatioP == 1)
        #expect(!verdictOfPlan.reason.hasPrefix("sample ratio"))
        #expect(verdict(uneven, try planned(sampleSize: 100)).reason.hasPrefix("sample ratio mismatch"))
    }

    @Test func `the split of fewer than a hundred visitors is not judged`() throws {
        let planned = try planned(sampleSize: 1)
        #expect(verdict(figures((0, 90), (3, 9)), planned).reason.hasPrefix("sample ratio") == false)
        #expect(verdict(figures((0, 91), (3, 9)), planned).reason.hasPrefix("sample ratio"))
    }

    @Test func `a look never takes back what an earlier one was sure of`() throws {
        let planned = try planned()
        let earlier = verdict(figures((200, 2_000), (300, 2_000)), planned)
        let later = verdict(figures((300, 3_000), (400, 3_000)), planned, previousP: earlier.alwaysValidP)
        #expect(later.alwaysValidP == earlier.alwaysValidP)
        #expect(verdict(figures((0, 0), (0, 0)), planned, previousP: 0.4).alwaysValidP == 0.4)
        #expect(verdict(figures((0, 10), (0, 10)), planned).alwaysValidP == 1)
    }

    @Test func `nothing to judge is said in words and without numbers`() throws {
        let planned = try planned()
        let empty = verdict(figures((0, 0), (0, 0)), planned)
        #expect(empty.reason == "no visitors assigned yet")
        #expect(empty.test == nil && empty.improvement == nil && empty.probabilityBBeatsA == nil)
        #expect(empty.sampleRatioP == nil && empty.visitorsNeeded == nil)
        #expect(verdict(figures((0, 5), (0, 5)), planned).reason == "no conversions yet")
        #expect(verdict(figures((5, 5), (5, 5)), planned).reason == "every visitor converted")
        #expect(verdict(figures((1, 5), (0, 0)), planned).reason == "no visitors in variant B yet")
        #expect(verdict(figures((0, 5), (2, 5)), planned).improvement == nil)
    }
}
