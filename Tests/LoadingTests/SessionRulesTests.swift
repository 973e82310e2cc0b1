import EventModel
import GRDB
import Testing

@testable import Loading

@Suite struct SessionRulesTests {
    let noon = LoadingSite.noon

    @Test func `an event of an unknown session makes the session`() throws {
        try withSite { site in
            try site.load([
                site.event("page_view", at: noon, session: "s_1", user: "v_1", url: "https://a.example/") {
                    $0.referrer = "https://search.example/"
                    $0.userAgent = "Browser"
                    $0.deviceType = "mobile"
                    $0.countryCode = "DE"
                    $0.screenResolution = "390x844"
                    $0.language = "de"
                }
            ])
            let row = try #require(try site.session("s_1"))
            #expect(row["landing_page"] == "https://a.example/")
            #expect(row["created_at"] == "2025-03-10T12:00:00.000Z")
            #expect(row["user_id"] == "v_1")
            #expect(row["referrer"] == "https://search.example/")
            #expect(row["user_agent"] == "Browser")
            #expect(row["device_type"] == "mobile")
            #expect(row["country_code"] == "DE")
            #expect(row["screen_resolution"] == "390x844")
            #expect(row["language"] == "de")
            #expect(row["page_count"] == 1)
            #expect(row["exit_reason"] == nil)
            #expect(row["duration_seconds"] == nil)
            #expect(row["origins"] == nil)
            let stored = try #require(try site.events().first)
            #expect(stored.sessionID == "s_1")
            #expect(stored.sessionStartedAt == noon)
        }
    }

    @Test func `creation and landing page are the earliest event's, whenever it arrives`() throws {
        try withSite { site in
            try site.load([site.event(at: noon + 5, session: "s_1", url: "https://a.example/late")])
            try site.load([site.event(at: noon, session: "s_1", url: "https://a.example/first")])
            let row = try #require(try site.session("s_1"))
            #expect(row["landing_page"] == "https://a.example/first")
            #expect(row["created_at"] == noon.description)
            #expect(row["last_event_at"] == (noon + 5).description)
        }
    }

    @Test func `a session without any URL has an empty landing page, and takes one that comes later`() throws {
        try withSite { site in
            try site.load([site.event(at: noon, session: "s_1")])
            #expect(try site.session("s_1")?["landing_page"] == "")
            try site.load([site.event(at: noon + 1, session: "s_1", url: "https://a.example/x")])
            #expect(try site.session("s_1")?["landing_page"] == "https://a.example/x")
            try site.load([site.event(at: noon + 2, session: "s_1", url: "https://a.example/y")])
            #expect(try site.session("s_1")?["landing_page"] == "https://a.example/x")
        }
    }

    @Test func `a text is taken from the earliest event that has it`() throws {
        try withSite { site in
            try site.load([site.event(at: noon + 2, session: "s_1") { $0.language = "fr" }])
            try site.load([site.event(at: noon, session: "s_1")])
            #expect(try site.session("s_1")?["language"] == "fr")
            try site.load([site.event(at: noon + 1, session: "s_1") { $0.language = "en" }])
            #expect(try site.session("s_1")?["language"] == "en")
            try site.load([site.event(at: noon + 3, session: "s_1") { $0.language = "it" }])
            #expect(try site.session("s_1")?["language"] == "en")
        }
    }

    @Test func `an exit beacon that is the latest event ends the session`() throws {
        try withSite { site in
            try site.load([
                site.event("page_view", at: noon, session: "s_1", url: "https://a.example/"),
                site.event("page_view", at: noon + .milliseconds(61_999), session: "s_1", url: "https://a.example/bye")
                {
                    $0.exit = Event.Exit(page: nil, reason: .close)
                },
            ])
            let row = try #require(try site.session("s_1"))
            #expect(row["exit_reason"] == "close")
            #expect(row["exit_page"] == "https://a.example/bye")
            #expect(row["duration_seconds"] == 61)
            #expect(row["page_count"] == 2)
        }
    }

    @Test func `a later event takes exit and duration away, an earlier one does not`() throws {
        try withSite { site in
            try site.load([
                site.event(at: noon, session: "s_1"),
                site.event(at: noon + 10, session: "s_1") { $0.exit = Event.Exit(page: "/out", reason: .navigation) },
            ])
            try site.load([site.event(at: noon + 5, session: "s_1")])
            #expect(try site.session("s_1")?["exit_reason"] == "navigation")
            #expect(try site.session("s_1")?["exit_page"] == "/out")
            try site.load([site.event(at: noon - .seconds(60), session: "s_1")])
            #expect(try site.session("s_1")?["duration_seconds"] == 660)
            try site.load([site.event(at: noon + 11, session: "s_1")])
            let row = try #require(try site.session("s_1"))
            #expect(row["exit_reason"] == nil)
            #expect(row["exit_page"] == nil)
            #expect(row["duration_seconds"] == nil)
        }
    }

    @Test func `between equal times the number in the log decides which event is the latest`() throws {
        try withSite { site in
            try site.load([
                site.event(at: noon, session: "s_1") { $0.exit = Event.Exit(page: "/a", reason: .close) },
                site.event(at: noon, session: "s_1"),
            ])
            #expect(try site.session("s_1")?["exit_reason"] == nil)
            try site.load([site.event(at: noon, session: "s_1") { $0.exit = Event.Exit(page: "/b", reason: .refresh) }])
            #expect(try site.session("s_1")?["exit_reason"] == "refresh")
        }
    }

    @Test func `any update sets updated_at`() throws {
        try withSite { site in
            try site.load([site.event(at: noon, session: "s_1")])
            #expect(try site.session("s_1")?["updated_at"] == noon.description)
            site.clock.advance(by: .seconds(7))
            try site.load([site.event(at: noon, session: "s_1")])
            #expect(try site.session("s_1")?["updated_at"] == (noon + .seconds(7)).description)
        }
    }

    @Test func `page views are counted, and a session without any has one page`() throws {
        try withSite { site in
            try site.load([site.event("click", at: noon, session: "s_1")])
            #expect(try site.session("s_1")?["page_count"] == 1)
            try site.load([site.event("page_view", at: noon, session: "s_1")])
            #expect(try site.session("s_1")?["page_count"] == 1)
            try site.load([site.event("page_view", at: noon, session: "s_1")])
            #expect(try site.session("s_1")?["page_count"] == 2)
        }
    }

    @Test func `a session times out after 30 minutes, with the page and time of its last event`() throws {
        try withSite { site in
            try site.send([
                site.event(at: noon, session: "s_1", url: "/a"),
                site.event(at: noon + .milliseconds(90_500), session: "s_1", url: "/b"),
            ])
            let loader = try site.loader()
            try loader.drain()
            site.clock.set(to: noon + 30)
            #expect(try loader.timeOutSessions() == 0)
            site.clock.set(to: noon + 30 + .milliseconds(90_500))
            #expect(try loader.timeOutSessions() == 1)
            let row = try #require(try site.session("s_1"))
            #expect(row["exit_reason"] == "timeout")
            #expect(row["exit_page"] == "/b")
            #expect(row["duration_seconds"] == 90)
            #expect(row["updated_at"] == (noon + 30 + .milliseconds(90_500)).description)
            #expect(try loader.timeOutSessions() == 0)
        }
    }

    @Test func `more sessions than one transaction takes all time out`() throws {
        try withSite { site in
            site.configuration.maxTimeouts = 3
            try site.send((0..<10).map { site.event(at: noon, session: "s_\($0)") })
            let loader = try site.loader()
            try loader.drain()
            site.clock.advance(by: .seconds(3_600))
            #expect(try loader.timeOutSessions() == 10)
        }
    }

    @Test func `an event after the timeout opens the session again, and the next timeout ends it again`() throws {
        try withSite { site in
            try site.send([site.event(at: noon, session: "s_1", url: "/a")])
            let loader = try site.loader()
            try loader.drain()
            site.clock.advance(by: .seconds(7_200))
            _ = try loader.timeOutSessions()
            try site.send([site.event(at: noon + 100, session: "s_1", url: "/b")])
            try loader.drain()
            #expect(try site.session("s_1")?["exit_reason"] == nil)
            site.clock.advance(by: .seconds(7_200))
            _ = try loader.timeOutSessions()
            #expect(try site.session("s_1")?["exit_page"] == "/b")
            #expect(try site.session("s_1")?["duration_seconds"] == 6_000)
        }
    }

    @Test func `bots, private events and events without visitor or session make no session`() throws {
        try withSite { site in
            try site.load([
                site.event(at: noon, session: "s_bot", user: "v_bot") { $0.isBot = true },
                site.event(at: noon, session: "s_gpc", user: "v_gpc") { $0.isPrivate = true },
                site.event(at: noon),
            ])
            #expect(try site.count("SELECT count(*) FROM user_sessions") == 0)
            let events = try site.events()
            #expect(events.count == 3)
            #expect(events.allSatisfy { $0.sessionID == nil && $0.sessionStartedAt == nil })
        }
    }

    @Test func `the same session id in two projects is two sessions`() throws {
        try withSite { site in
            let other = try site.store.write { try $0.createProject(name: "Other").projectID }
            try site.load([
                site.event(at: noon, session: "s_1"),
                site.event(at: noon, session: "s_1") { $0.projectID = other },
            ])
            #expect(try site.count("SELECT count(*) FROM user_sessions WHERE session_id = 's_1'") == 2)
        }
    }
}
