import EventModel
import GRDB

/// The loader's sessions.
extension StoreTransaction {
    /// The session with this id, nil where there is none.
    package func session(_ sessionID: String, of project: ProjectID) throws -> SessionRecord? {
        let statement = try database.cachedStatement(sql: LoadingSQL.sessionFind)
        let arguments: StatementArguments = ["project_id": project.rawValue, "session_id": sessionID]
        return try Row.fetchOne(statement, arguments: arguments).map(SessionRecord.init(row:))
    }

    /// The sessions the loader made for a visitor, of which a part lies between two moments; the oldest first, at
    /// most `maximum`.
    package func sessionsMadeByLoader(
        for userID: String, of project: ProjectID, since: Timestamp, until: Timestamp, maximum: Int
    ) throws -> [SessionRecord] {
        try rows(
            LoadingSQL.sessionsOfVisitor,
            [
                "project_id": project.rawValue, "user_id": userID, "since": since.description,
                "until": until.description, "maximum": maximum,
            ]
        ).map(SessionRecord.init(row:))
    }

    /// Adds a session; false, and nothing done, where it exists.
    package func insertSession(_ session: SessionRecord, of project: ProjectID) throws -> Bool {
        var arguments = session.arguments(project: project, now: now)
        arguments += ["id": EventID.version7(at: session.first.time).description]
        arguments += ["made_by_loader": session.isMadeByLoader]
        return try change(LoadingSQL.sessionInsert, arguments) == 1
    }

    /// Writes a session as it stands now; false, and nothing done, where it does not exist any more.
    package func updateSession(_ session: SessionRecord, of project: ProjectID) throws -> Bool {
        try change(LoadingSQL.sessionUpdate, session.arguments(project: project, now: now)) == 1
    }

    /// Ends open sessions whose last event is at `since` or before, at most `maximum`, and says how many.
    package func timeOutSessions(since: Timestamp, maximum: Int) throws -> Int {
        let overdue = try rows(LoadingSQL.sessionsOverdue, ["since": since.description, "maximum": maximum])
        guard !overdue.isEmpty else { return 0 }
        let list = "[" + overdue.map { "\($0[0] as Int64)" }.joined(separator: ",") + "]"
        try change(LoadingSQL.sessionsTimeOut, ["rows": list, "now": now.description])
        try change(LoadingSQL.stepsTimeOut, ["rows": list])
        return overdue.count
    }
}

extension SessionRecord {
    /// Reads the columns of `user_sessions.Find.sql`, by position.
    fileprivate init(row: Row) throws {
        let first = EventPosition(time: try Self.time(row[9]), sequence: UInt64(bitPattern: row[10] as Int64))
        self.init(sessionID: row[0], at: first, pageURL: row[13], pageViews: row[16])
        last = EventPosition(time: try Self.time(row[11]), sequence: UInt64(bitPattern: row[12] as Int64))
        if let page: String = row[14], let reason = (row[15] as String?).flatMap(Event.Exit.Reason.init(rawValue:)) {
            exit = Exit(page: page, reason: reason)
        }
        func fact(_ text: String?) -> Fact? { text.map { Fact(value: $0, position: first) } }
        userID = fact(row[1])
        userAgent = fact(row[2])
        referrer = fact(row[3])
        landingPage = (row[4] as String).isEmpty ? nil : fact(row[4])
        deviceType = fact(row[5])
        screenResolution = fact(row[6])
        language = fact(row[7])
        countryCode = fact(row[8])
        if let origins: String = row[17] { try SessionOrigins.apply(origins, to: &self) }
        isMadeByLoader = row[18]
        hasFunnelSteps = row[19]
    }

    private static func time(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(text) else {
            throw StoreError(.damaged, "a session's time is \"\(text)\", which is no time")
        }
        return time
    }

    fileprivate func arguments(project: ProjectID, now: Timestamp) -> StatementArguments {
        [
            "project_id": project.rawValue, "session_id": sessionID, "user_id": userID?.value,
            "user_agent": userAgent?.value, "referrer": referrer?.value, "landing_page": landingPage?.value ?? "",
            "exit_page": exit?.page, "exit_reason": exit?.reason.rawValue, "device_type": deviceType?.value,
            "screen_resolution": screenResolution?.value, "language": language?.value,
            "country_code": countryCode?.value, "created_at": first.time.description, "updated_at": now.description,
            "duration_seconds": durationSeconds, "page_views": pageViews, "last_event_at": last.time.description,
            "last_sequence": Int64(bitPattern: last.sequence), "last_page_url": lastPageURL,
            "first_sequence": Int64(bitPattern: first.sequence), "origins": SessionOrigins.text(of: self),
            "has_funnel_steps": hasFunnelSteps,
        ]
    }
}
