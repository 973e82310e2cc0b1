/// What the daemon knows of projects, keys and running tests: the content of `snapshot/projects.json`. Holds hashes of
/// keys, never a key.
///
/// The file is JSON with the member names below in snake case; it is replaced atomically by rename. Members that came
/// later than the first version may be absent: a daemon reads the file of an older writer.
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
        /// The active and the paused ones.
        package var tests: [Test]
        package var browser: BrowserSettings

        enum CodingKeys: String, CodingKey {
            case projectID = "project_id"
            case name, domains
            case keepQuery = "keep_query"
            case eventsPerMinutePerKey = "events_per_minute_per_key"
            case eventsPerMinutePerAddress = "events_per_minute_per_address"
            case keys, tests, browser
        }

        package init(
            projectID: ProjectID, name: String, domains: [String], keepQuery: [String] = [],
            eventsPerMinutePerKey: Int? = nil, eventsPerMinutePerAddress: Int? = nil, keys: [Key],
            tests: [Test] = [], browser: BrowserSettings = BrowserSettings()
        ) {
            self.projectID = projectID
            self.name = name
            self.domains = domains
            self.keepQuery = keepQuery
            self.eventsPerMinutePerKey = eventsPerMinutePerKey
            self.eventsPerMinutePerAddress = eventsPerMinutePerAddress
            self.keys = keys
            self.tests = tests
            self.browser = browser
        }

        package init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                projectID: try members.decode(ProjectID.self, forKey: .projectID),
                name: try members.decode(String.self, forKey: .name),
                domains: try members.decode([String].self, forKey: .domains),
                keepQuery: try members.decode([String].self, forKey: .keepQuery),
                eventsPerMinutePerKey: try members.decodeIfPresent(Int.self, forKey: .eventsPerMinutePerKey),
                eventsPerMinutePerAddress: try members.decodeIfPresent(Int.self, forKey: .eventsPerMinutePerAddress),
                keys: try members.decode([Key].self, forKey: .keys),
                tests: try members.decodeIfPresent([Test].self, forKey: .tests) ?? [],
                browser: try members.decodeIfPresent(BrowserSettings.self, forKey: .browser) ?? BrowserSettings())
        }
    }

    /// A running test, as a browser needs it: to give its visitor a variant and to show it.
    package struct Test: Codable, Sendable, Equatable {
        package var testID: String
        package var state: TestState
        /// A's share of the visitors, 0 to 1.
        package var shareOfA: Double
        package var componentID: String?
        /// The event that counts as a conversion; nil for the project's.
        package var targetConversion: String?
        /// ISO 8601; nobody is assigned before the start, nor from the end on.
        package var startDate: String
        package var endDate: String?
        /// What each variant shows: a JSON object as text.
        package var variantA: String
        package var variantB: String

        enum CodingKeys: String, CodingKey {
            case testID = "test_id"
            case state
            case shareOfA = "share_of_a"
            case componentID = "component_id"
            case targetConversion = "target_conversion"
            case startDate = "start_date"
            case endDate = "end_date"
            case variantA = "variant_a"
            case variantB = "variant_b"
        }

        package init(
            testID: String, state: TestState, shareOfA: Double, componentID: String? = nil,
            targetConversion: String? = nil, startDate: String, endDate: String? = nil, variantA: String = "{}",
            variantB: String = "{}"
        ) {
            self.testID = testID
            self.state = state
            self.shareOfA = shareOfA
            self.componentID = componentID
            self.targetConversion = targetConversion
            self.startDate = startDate
            self.endDate = endDate
            self.variantA = variantA
            self.variantB = variantB
        }
    }

    /// A paused test assigns nobody new, and keeps those it has.
    package enum TestState: String, Codable, Sendable {
        case active, paused
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
