import EventModel

/// What a program is told before it starts: every key of the TOML file, typed, with its bounds checked.
package struct Configuration: Sendable {
    /// Absolute paths.
    package var dataDirectory: String
    package var runtimeDirectory: String
    /// One of swift-log's level names.
    package var logLevel: String
    package var ingest: Ingest
    package var limits: Limits
    package var log: Log
    package var api: API
    /// Who may sign in to the administration pages.
    package var adminUsers: [AdminUser]
    /// Nil: `/metrics` answers on loopback only.
    package var metricsToken: String?
    package var auth: Auth
    package var jobs: Jobs
    package var funnel: Funnel
    /// `statistics.mixing_effect`: the difference of rates for which the sequential test is tuned.
    package var mixingEffect: Double
    package var ga4: GA4
    package var clarity: Clarity
    package var claude: Claude
    package var chatwoot: Chatwoot
    package var searchConsole: SearchConsole
    package var shopify: Shopify
    package var sessions: Sessions
    package var retention: Retention
    package var warehouse: Warehouse

    /// The write-ahead log's segments.
    package var logDirectory: String { dataDirectory + "/log" }
    /// The Parquet files, a folder a project.
    package var eventsDirectory: String { dataDirectory + "/events" }
    package var controlDatabase: String { dataDirectory + "/control.sqlite" }
    /// What the daemon knows of projects and keys.
    package var snapshotFile: String { dataDirectory + "/snapshot/projects.json" }
    /// One file a kind of job, touched when one is queued.
    package var wakeDirectory: String { dataDirectory + "/wake" }
    /// One JSON file a program: `<program>.json`.
    package var statusDirectory: String { runtimeDirectory + "/status" }
    /// The secrets of the day, in memory only where runtime_dir is.
    package var secretDirectory: String { runtimeDirectory + "/secret" }

    package struct Ingest: Sendable {
        /// `host:port`.
        package var http: String
        /// Paths of the two Unix sockets.
        package var unix: String
        package var stream: String
        /// The address under which browsers reach the daemon.
        package var publicURL: String
        package var maxAgeDays: Int
        package var scriptPaths: [String]
        /// Whose word about the visitor's address and country is taken.
        package var trustedProxies: TrustedProxies
        /// The header in which a trusted proxy says the visitor's country; nil for none.
        package var countryHeader: String?
        /// Absolute path of a MaxMind file that tells the country of an address; nil for none.
        package var countryDatabase: String?
    }

    /// 0 means no limit.
    package struct Limits: Sendable {
        package var eventsPerMinutePerKey: Int
        package var eventsPerMinutePerAddress: Int
    }

    package struct Log: Sendable {
        package var segmentMiB: Int
        package var minFreeMiB: Int
        package var keepLoadedMinutes: Int
    }

    package struct API: Sendable {
        /// `host:port`.
        package var listen: String
        package var trustedProxies: TrustedProxies
    }

    package struct AdminUser: Sendable, Equatable {
        package var name: String
        /// bcrypt, as the system's libcrypt reads it.
        package var passwordHash: String

        package init(name: String, passwordHash: String) {
            self.name = name
            self.passwordHash = passwordHash
        }
    }

    package struct Auth: Sendable {
        package var openRegistration: Bool
        package var accessMinutes: Int
    }

    package struct Jobs: Sendable {
        package var maxAttempts: Int
        package var backoffSeconds: Double
        package var leaseSeconds: Int
    }

    package struct Funnel: Sendable {
        /// A project's id or name; nil means the first project created.
        package var defaultProject: String?
        package var conversionEvent: String
        package var testID: String?
        /// Component ids that count as call-to-action beside marked elements.
        package var ctaComponents: [String]
    }

    package struct GA4: Sendable {
        package var propertyID: String?
        package var variantDimension: String?
        package var variantValues: [String: [String]]
        package var baseURL: String
        package var tokenURL: String
        package var serviceAccountFile: String?
    }

    package struct Clarity: Sendable {
        package var baseURL: String
        package var tokenFile: String?
    }

    package struct Claude: Sendable {
        package var baseURL: String
        package var keyFile: String?
        package var model: String?
        package var apiVersion: String
        package var dailyUSD: Double
        package var projects: [String]
    }

    package struct Chatwoot: Sendable {
        package var baseURL: String?
        package var accountID: String?
        package var tokenFile: String?
        package var exportPath: String?
        package var images: Bool
        package var exportComplete: Bool
        package var allowPrivateAddresses: Bool
    }

    package struct SearchConsole: Sendable {
        package var siteURL: String?
        package var baseURL: String
        package var tokenURL: String
        package var serviceAccountFile: String?
    }

    package struct Shopify: Sendable {
        package var shop: String?
        package var baseURL: String?
        package var tokenFile: String?
    }

    package struct Sessions: Sendable {
        package var timeoutMinutes: Int
        package var hotDays: Int
    }

    package struct Retention: Sendable {
        package var eventsDays: Int
        package var jobsDays: Int
        package var deadLettersDays: Int
        package var backupsDays: Int
    }

    package struct Warehouse: Sendable {
        /// `duckdb` or `clickhouse`.
        package var engine: String
        package var duckdbLibrary: String?
        package var url: String?
        package var database: String
        package var memoryLimitMiB: Int
        package var threads: Int
    }
}
