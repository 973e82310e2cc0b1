import EventModel
import TestKit
import Testing

@testable import ControlStore

@Suite struct BrowserSettingsStoreTests {
    private func withProject(_ body: (ControlStore, ProjectID) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            try body(store, try makeProject(store))
        }
    }

    /// Every setting at a value that is not its default.
    private static func all() -> BrowserSettings {
        var settings = BrowserSettings()
        for number in BrowserSettings.Number.allCases {
            settings[set: number] = number == .sampleRate ? 0.25 : number.bounds.upperBound
        }
        settings.scrollDepths = [10, 100]
        return settings
    }

    @Test func `every setting is kept, alone and together, and goes back to its default`() throws {
        try withProject { store, project in
            #expect(try store.read { try $0.browserSettings(project: project) } == BrowserSettings())
            for settings in [Self.all(), BrowserSettings(), Self.all()] {
                try store.write { try $0.setBrowserSettings(settings, project: project) }
                #expect(try store.read { try $0.browserSettings(project: project) } == settings)
            }
            for number in BrowserSettings.Number.allCases where number != .rageClicks {
                var settings = BrowserSettings()
                settings[set: number] = number.bounds.upperBound
                try store.write { try $0.setBrowserSettings(settings, project: project) }
                #expect(try store.read { try $0.browserSettings(project: project) } == settings)
            }
        }
    }

    @Test func `a value out of bounds and an unknown project are refused, and nothing is kept`() throws {
        try withProject { store, project in
            var settings = BrowserSettings()
            settings[set: .hesitation] = 1
            let refused = #expect(throws: StoreError.self) {
                try store.write { try $0.setBrowserSettings(settings, project: project) }
            }
            #expect(refused?.code == .refused && refused?.message.contains("hesitation_ms") == true)
            let kept = try store.read { try $0.browserSettings(project: project) }
            #expect(kept.isStandard)
            let unknown = #expect(throws: StoreError.self) {
                try store.write { try $0.setBrowserSettings(Self.all(), project: ProjectID(rawValue: "proj_none")) }
            }
            #expect(unknown?.code == .notFound)
        }
    }

    /// The CHECKs of the table and the bounds of the program are the same.
    @Test(arguments: BrowserSettings.Number.allCases)
    func `the database itself keeps each number within its bounds`(number: BrowserSettings.Number) throws {
        try withProject { store, project in
            func put(_ value: Double) throws {
                try store.write {
                    try $0.database.execute(
                        sql: """
                            INSERT INTO project_settings (project_id, \(number.rawValue), updated_at)
                            VALUES (?, ?, '2025-01-01T12:00:00.000Z')
                            ON CONFLICT DO UPDATE SET \(number.rawValue) = excluded.\(number.rawValue)
                            """, arguments: [project.rawValue, value])
                }
            }
            try put(number.bounds.lowerBound)
            try put(number.bounds.upperBound)
            let step = number.isWhole ? 1 : 0.1
            for value in [number.bounds.lowerBound - step, number.bounds.upperBound + step] {
                #expect(throws: StoreError.self) { try put(value) }
            }
        }
    }

    @Test func `the snapshot holds running tests and what is set, each with its project`() throws {
        try withProject { store, project in
            let other = try makeProject(store)
            try store.write { transaction in
                for (id, status) in [
                    ("on", nil), ("off", ABTest.Status.paused), ("done", .completed), ("away", .archived),
                ] {
                    var draft = ABTestDraft(testID: id, componentID: "hero")
                    draft.shareOfA = 0.3
                    draft.targetConversion = "purchase"
                    _ = try transaction.createTest(draft, project: project)
                    if let status { try transaction.moveTest(id, project: project, to: status) }
                }
                try transaction.database.execute(
                    sql: "UPDATE a_b_tests SET variant_b = '{\"text\":\"Buy now\"}' WHERE test_id = 'on'")
                _ = try transaction.createTest(ABTestDraft(testID: "else"), project: other)
                try transaction.setBrowserSettings(Self.all(), project: other)
            }
            let snapshot = try store.read { try $0.snapshot() }
            let shown = Dictionary(uniqueKeysWithValues: snapshot.projects.map { ($0.projectID, $0) })
            let tests = try #require(shown[project]?.tests)
            #expect(tests.map(\.testID) == ["off", "on"] && tests.map(\.state) == [.paused, .active])
            let test = try #require(tests.last)
            #expect(test.shareOfA == 0.3 && test.componentID == "hero" && test.targetConversion == "purchase")
            #expect(test.variantA == #"{"share":0.3}"# && test.variantB == #"{"text":"Buy now"}"#)
            #expect(test.startDate.count == 24 && test.endDate == nil)
            #expect(shown[project]?.browser.isStandard == true)
            #expect(shown[other]?.tests.map(\.testID) == ["else"] && shown[other]?.browser == Self.all())
        }
    }

    @Test func `every change of a test or a setting raises the snapshot's version`() throws {
        try withProject { store, project in
            var last = try store.read { try $0.snapshotVersion() }
            func expectHigher(_ change: (StoreTransaction) throws -> Void) throws {
                try store.write(change)
                let version = try store.read { try $0.snapshotVersion() }
                #expect(version > last)
                last = version
            }
            try expectHigher { _ = try $0.createTest(ABTestDraft(testID: "t"), project: project) }
            for status in [ABTest.Status.paused, .active, .completed, .archived] {
                try expectHigher { try $0.moveTest("t", project: project, to: status) }
            }
            try expectHigher { try $0.setBrowserSettings(Self.all(), project: project) }
            try expectHigher { try $0.setBrowserSettings(BrowserSettings(), project: project) }
            try expectHigher { try $0.database.execute(sql: "DELETE FROM project_settings") }
            try expectHigher { try $0.database.execute(sql: "DELETE FROM a_b_tests") }
        }
    }
}
