import ControlStore
import EventModel
import Warehouse

extension SessionRecord {
    /// What one event says about its session.
    init(_ stored: StoredEvent, sessionID: String, isMadeByLoader: Bool) {
        let event = stored.event
        let position = EventPosition(time: event.timestamp, sequence: stored.sequence)
        self.init(
            sessionID: sessionID, at: position, pageURL: event.pageURL,
            pageViews: event.eventType == "page_view" ? 1 : 0)
        self.isMadeByLoader = isMadeByLoader
        if let end = event.exit { exit = Exit(page: end.page ?? event.pageURL, reason: end.reason) }
        func fact(_ text: String?) -> Fact? {
            guard let text, !text.isEmpty else { return nil }
            return Fact(value: text, position: position)
        }
        userID = fact(event.visitor)
        userAgent = fact(event.userAgent)
        referrer = fact(event.referrer)
        landingPage = fact(event.landingPage) ?? fact(event.pageURL)
        if let type = event.deviceType, ["mobile", "desktop", "tablet"].contains(type) { deviceType = fact(type) }
        screenResolution = fact(event.screenResolution)
        language = fact(event.language)
        if let code = event.countryCode, code.unicodeScalars.count == 2 { countryCode = fact(code) }
    }
}

extension Event {
    /// The longest id of a session or visitor that a session's row takes.
    private static let maxIDScalars = 255

    /// True where the event belongs to a session, if it names one or its visitor: bots and those who want no
    /// tracking have none.
    var mayHaveSession: Bool { !isBot && !isPrivate }

    /// The visitor's id where a session's row takes it.
    var visitor: String? { userID.flatMap { Self.isUsable($0) ? $0 : nil } }

    /// True where a session's row takes the text as an id.
    static func isUsable(_ id: String) -> Bool {
        guard !id.isEmpty, !id.utf8.contains(0) else { return false }
        return id.utf8.count <= maxIDScalars || id.unicodeScalars.count <= maxIDScalars
    }
}
