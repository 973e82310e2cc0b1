import EventModel
import GRDB
import Testing

@testable import Loading

@Suite struct VisitorSessionsTests {
    let noon = LoadingSite.noon

    private func sessions(_ site: LoadingSite) throws -> [[Timestamp]] {
        var bySession: [String: [Timestamp]] = [:]
        for event in try site.events() {
            bySession[try #require(event.sessionID), default: []].append(event.event.timestamp)
        }
        return bySession.values.map { $0.sorted() }.sorted { ($0.first ?? noon) < ($1.first ?? noon) }
    }

    @Test func `events less than 30 minutes apart are one session, 30 minutes begin another`() throws {
        try withSite { site in
            let times = [0, 29, 58, 88, 89].map { noon + $0 }
            try site.load(times.map { site.event(at: $0, user: "v_1") })
            #expect(try sessions(site) == [Array(times[0...2]), Array(times[3...4])])
            #expect(try site.count("SELECT count(*) FROM user_sessions WHERE made_by_loader = 1") == 2)
        }
    }

    @Test func `batches and restarts between the events change nothing`() throws {
        try withSite { site in
            let times = [0, 29, 58, 88, 89].map { noon + $0 }
            for time in times { try site.load([site.event(at: time, user: "v_1")]) }
            #expect(try sessions(site) == [Array(times[0...2]), Array(times[3...4])])
        }
    }

    @Test func `a session lasts 24 hours at most`() throws {
        try withSite { site in
            let times = (0...150).map { noon + 10 * $0 }
            site.clock.set(to: noon + .seconds(90_000))
            try site.load(times.map { site.event(at: $0, user: "v_1", received: noon + .seconds(90_000)) })
            let found = try sessions(site)
            #expect(found.count == 2)
            #expect(found.first?.last == noon + .seconds(86_400))
        }
    }

    @Test func `two visitors, and one visitor of two projects, share no session`() throws {
        try withSite { site in
            let other = try site.store.write { try $0.createProject(name: "Other").projectID }
            try site.load([
                site.event(at: noon, user: "v_1"), site.event(at: noon, user: "v_2"),
                site.event(at: noon, user: "v_1") { $0.projectID = other },
            ])
            #expect(try site.count("SELECT count(*) FROM user_sessions") == 3)
        }
    }

    @Test func `the id of a session that the loader makes is the same whenever its event is loaded`() throws {
        let id = EventID(high: 1, low: 2)
        let project = ProjectID(rawValue: "proj_000000000001")
        let first = VisitorSessions.sessionID(project: project, visitor: "v_1", event: id)
        #expect(first == VisitorSessions.sessionID(project: project, visitor: "v_1", event: id))
        #expect(first.hasPrefix("s_") && first.count == 34)
        #expect(first != VisitorSessions.sessionID(project: project, visitor: "v_2", event: id))
        let other = ProjectID(rawValue: "proj_000000000002")
        #expect(first != VisitorSessions.sessionID(project: other, visitor: "v_1", event: id))
    }

    @Test func `a late event joins the session around it, and may move its beginning`() throws {
        try withSite { site in
            try site.load([site.event(at: noon, user: "v_1"), site.event(at: noon + 20, user: "v_1")])
            try site.load([site.event(at: noon + 10, user: "v_1")])
            try site.load([site.event(at: noon - .seconds(600), user: "v_1")])
            #expect(try site.count("SELECT count(*) FROM user_sessions") == 1)
            let row = try site.row("SELECT created_at FROM user_sessions")
            #expect(row?["created_at"] == (noon - .seconds(600)).description)
        }
    }
}
