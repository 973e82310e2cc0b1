import EventModel
import Settings

/// What the daemon is told, and every bound it keeps.
package struct IngestOptions: Sendable {
    /// `host:port`; port 0 takes any free one.
    package var http: String
    package var unixSocket: String
    package var streamSocket: String
    package var trustedProxies: TrustedProxies
    /// The name, in lower case, of the header in which such a proxy tells the visitor's country; empty for none.
    package var countryHeader: [UInt8] = []
    /// Path of a MaxMind file.
    package var countryDatabase: String?
    package var snapshotFile: String
    package var secretDirectory: String
    package var statusFile: String
    package var maxAgeDays: Int
    /// The age allowed to secret keys.
    package var maxAgeDaysForSecretKeys: Int
    package var eventsPerMinutePerKey: Int
    package var eventsPerMinutePerAddress: Int
    package var metricsToken: String?
    /// Paths of the browser's script.
    package var scriptPaths = ["/millrace.js"]
    package var bounds = Bounds()

    /// Event loops; a second one is worth a third more requests a second.
    package var loops = 2

    /// What may be used up by those who send.
    package struct Bounds: Sendable {
        package var connections = 4_096
        package var headBytes = 16 << 10
        package var eventBodyBytes = 1 << 20
        package var beaconBodyBytes = 64 << 10
        package var batchBodyBytes = 5 << 20
        /// Bytes of unfinished requests, of one event loop.
        package var bufferedBytes = 64 << 20
        /// Requests of one connection that wait for their answer.
        package var pipelinedRequests = 64
        /// Bytes of one stream that wait for the disk.
        package var streamBytesInFlight = 2 << 20
        package var idleTimeout = Duration.seconds(75)
        /// While all connections are taken, one that brought no event for so long is closed for a new one.
        package var uselessTimeout = Duration.seconds(1)
        /// From the first byte of a request to the end of its head, and to the end of its body.
        package var headTimeout = Duration.seconds(10)
        package var bodyTimeout = Duration.seconds(30)
        /// An answer that its receiver does not take.
        package var writeTimeout = Duration.seconds(30)
        /// How long the other side may take to close once the last answer was sent.
        package var lingerTimeout = Duration.seconds(2)
        /// How long an idle connection is listened to while the daemon stops.
        package var drainGrace = Duration.milliseconds(250)
        /// The same of one on which no request has come yet: who has just connected is about to send one.
        package var drainFirstGrace = Duration.seconds(1)
        /// How long requests that have begun may take while the daemon stops.
        package var drainTimeout = Duration.seconds(10)
        /// How often time-outs are looked at.
        package var tick = Duration.milliseconds(250)
        /// How often snapshot, status and secrets are looked at.
        package var housekeeping = Duration.seconds(1)

        package init() {}
    }

    package init(_ configuration: Configuration) {
        http = configuration.ingest.http
        unixSocket = configuration.ingest.unix
        streamSocket = configuration.ingest.stream
        trustedProxies = configuration.ingest.trustedProxies
        countryHeader = [UInt8]((configuration.ingest.countryHeader ?? "").lowercased().utf8)
        countryDatabase = configuration.ingest.countryDatabase
        snapshotFile = configuration.snapshotFile
        secretDirectory = configuration.secretDirectory
        statusFile = configuration.statusDirectory + "/millraced.json"
        maxAgeDays = configuration.ingest.maxAgeDays
        maxAgeDaysForSecretKeys = configuration.retention.eventsDays
        eventsPerMinutePerKey = configuration.limits.eventsPerMinutePerKey
        eventsPerMinutePerAddress = configuration.limits.eventsPerMinutePerAddress
        metricsToken = configuration.metricsToken
        scriptPaths = configuration.ingest.scriptPaths
    }

    /// For a directory that holds everything, with a free port; for tests and trials.
    package init(directory: String) {
        http = "127.0.0.1:0"
        unixSocket = directory + "/ingest.sock"
        streamSocket = directory + "/stream.sock"
        trustedProxies = .loopback
        snapshotFile = directory + "/projects.json"
        secretDirectory = directory + "/secret"
        statusFile = directory + "/millraced.json"
        maxAgeDays = 7
        maxAgeDaysForSecretKeys = 90
        eventsPerMinutePerKey = 0
        eventsPerMinutePerAddress = 0
    }
}
