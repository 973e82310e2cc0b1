import EventModel
import FoundationEssentials
import GRDB

/// A site whose events are kept apart from those of all others.
package struct Project: Sendable, Equatable {
    package let projectID: ProjectID
    package let organisationID: String
    package let name: String
    /// Host names from which pages may send, `*.example.com` for all sub-domains; empty means any.
    package let domains: [String]
    /// An IANA name; what is shown to people is in it, what is stored is in UTC.
    package let timezone: String
    /// Three capital letters of ISO 4217: revenue in another currency is left out of sums.
    package let currency: String
    /// The event that counts as a conversion; nil for the configuration's.
    package let conversionEvent: String?
    package let settings: ProjectSettings
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    init(_ row: Row) throws {
        projectID = ProjectID(rawValue: row["project_id"])
        organisationID = row["organisation_id"]
        name = row["name"]
        domains = try JSONText.decode([String].self, row["domains"], of: "projects.domains")
        timezone = row["timezone"]
        currency = row["currency"]
        conversionEvent = row["conversion_event"]
        settings = try JSONText.decode(ProjectSettings.self, row["settings"], of: "projects.settings")
        createdAt = try row.timestamp("created_at")
        updatedAt = try row.timestamp("updated_at")
    }
}

/// What a project may set otherwise than the configuration: the members of `projects.settings`, all optional.
package struct ProjectSettings: Sendable, Equatable, Codable {
    /// Query parameters of URLs to keep beyond `utm_*` and `ref`; `["*"]` keeps all.
    package var keepQuery: [String]?
    /// 0 for no limit, nil for the configuration's.
    package var eventsPerMinutePerKey: Int?
    /// 0 for no limit, nil for the configuration's.
    package var eventsPerMinutePerAddress: Int?

    enum CodingKeys: String, CodingKey {
        case keepQuery = "keep_query"
        case eventsPerMinutePerKey = "events_per_minute_per_key"
        case eventsPerMinutePerAddress = "events_per_minute_per_address"
    }

    package init(
        keepQuery: [String]? = nil, eventsPerMinutePerKey: Int? = nil, eventsPerMinutePerAddress: Int? = nil
    ) {
        self.keepQuery = keepQuery
        self.eventsPerMinutePerKey = eventsPerMinutePerKey
        self.eventsPerMinutePerAddress = eventsPerMinutePerAddress
    }
}

/// A row of `api_keys`: all that is known of a key but its text, which nobody keeps.
package struct KeyRow: Sendable, Equatable {
    package let keyID: String
    package let projectID: ProjectID
    package let kind: ProjectSnapshot.Kind
    package let name: String?
    /// `sha256:` and 64 hexadecimal digits.
    package let hash: String
    package let createdAt: Timestamp
    package let expiresAt: Timestamp?
    package let revokedAt: Timestamp?

    init(_ row: Row) throws {
        guard let kind = ProjectSnapshot.Kind(rawValue: row["kind"]) else {
            throw StoreError(.damaged, "api_keys.kind holds a value that these programs don't know")
        }
        self.kind = kind
        keyID = row["key_id"]
        projectID = ProjectID(rawValue: row["project_id"])
        name = row["name"]
        hash = row["hash"]
        createdAt = try row.timestamp("created_at")
        expiresAt = try row.optionalTimestamp("expires_at")
        revokedAt = try row.optionalTimestamp("revoked_at")
    }
}
