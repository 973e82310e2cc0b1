import Foundation
import Testing

@testable import EventModel

@Suite struct ProjectSnapshotTests {
    @Test func `a file of the first version is read, with no tests and every default`() throws {
        let text = """
            {"version": 7, "projects": [{"project_id": "proj_0123456789ab", "name": "Shop", "domains": ["a.example"],
            "keep_query": ["q"], "events_per_minute_per_key": 5,
            "keys": [{"key_id": "key_1", "kind": "public", "hash": "sha256:00"}]}]}
            """
        let snapshot = try JSONDecoder().decode(ProjectSnapshot.self, from: Data(text.utf8))
        let project = try #require(snapshot.projects.first)
        #expect(project.eventsPerMinutePerKey == 5 && project.eventsPerMinutePerAddress == nil)
        #expect(project.keys.count == 1 && project.keepQuery == ["q"])
        #expect(project.tests.isEmpty && project.browser.isStandard)
    }

    @Test func `tests and settings come back as they were written`() throws {
        var browser = BrowserSettings()
        browser[set: .deadClick] = 900
        let test = ProjectSnapshot.Test(
            testID: "hero", state: .paused, shareOfA: 0.25, componentID: "hero", targetConversion: "purchase",
            startDate: "2025-01-01T00:00:00.000Z", endDate: "2025-02-01T00:00:00.000Z", variantA: #"{"share":0.25}"#)
        let project = ProjectSnapshot.Project(
            projectID: ProjectID(rawValue: "proj_0123456789ab"), name: "Shop", domains: [], keys: [], tests: [test],
            browser: browser)
        let snapshot = ProjectSnapshot(version: 1, projects: [project])
        let data = try JSONEncoder().encode(snapshot)
        #expect(try JSONDecoder().decode(ProjectSnapshot.self, from: data) == snapshot)
    }
}
