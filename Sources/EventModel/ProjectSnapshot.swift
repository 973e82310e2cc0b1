/// What the daemon knows of projects and keys: the content of `snapshot/projects.json`. Holds hashes of keys, never a
/// key.
///
/// The file is JSON with the member names below in snake case; it is replaced atomically by rename.
package struct ProjectSnapshot: Codable, Sendable, Equatable {
    /// Grows with every change of what the snapshot shows; a writer never replaces a higher one by a lower one.
    package var version: Int64
    package var projects: [Project]

    package struct Project: Codable, Sendable, Equatable {
        package var projectID: ProjectID
        package var name: String
        /// Host names from which pages may send, `*.example.com` for all sub-domains; empty means any.
        package var domains: [String]
        /// Query parameters of URLs to keep beyond `utm_*` and `ref`; `["*"]` keeps all.
        package var keepQuery: [String]
        /// Events a minute for each key, 0 for no limit, nil for the configuration's.
        package var eventsPerMinutePerKey: Int?
        /// Events a minute for each address, 0 for no limit, nil for the configuration's.
        package var eventsPerMinutePerAddress: Int?
        package var keys: [Key]

        enum CodingKeys: String, CodingKey {
            case projectID = "project_id"
            case name, domains
            case keepQuery = "keep_query"
            case eventsPerMinutePerKey = "events_per_minute_per_key"
            case eventsPerMinutePerAddress = "events_per_minute_per_address"
            case keys
        }

        package init(
            projectID: ProjectID, name: String, domains: [String], keepQuery: [String] = [],
            eventsPerMinutePerKey: Int? = nil, eventsPerMinutePerAddress: Int? = nil, keys: [Key]
        ) {
            self.projectID = projectID
            self.name = name
            self.domains = domains
            self.keepQuery = keepQuery
            self.eventsPerMinutePerKey = eventsPerMinutePerKey
            self.eventsPerMinutePerAddress = eventsPerMinutePerAddress
            self.keys = keys
        }
    }

    package struct Key: Codable, Sendable, Equatable {
        package var keyID: String
        package var kind: Kind
        /// `sha256:` and the hexadecimal hash of the key's text.
        package var hash: String

        enum CodingKeys: String, CodingKey {
            case keyID = "key_id"
            case kind, hash
        }

        package init(keyID: String, kind: Kind, hash: String) {
            self.keyID = keyID
            self.kind = kind
            self.hash = hash
        }
    }

    /// A public key stands in pages and may only send; a secret key is for servers, may send and read.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case `public`, secret
    }

    package init(version: Int64, projects: [Project]) {
        self.version = version
        self.projects = projects
    }
}
