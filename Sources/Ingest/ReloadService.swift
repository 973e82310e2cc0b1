import Logging
import ServiceLifecycle
import Settings
import Telemetry
import UnixSignals

/// Reads the configuration again at each SIGHUP. Log level, limits and projects follow at once; what cannot is said.
struct ReloadService: Service {
    let server: IngestServer
    /// As the daemon was started with it.
    let started: Configuration
    let read: @Sendable () throws -> Configuration
    let signals: UnixSignalsSequence
    let logger: Logger

    func run() async {
        for await _ in signals.cancelOnGracefulShutdown() { reload() }
    }

    private func reload() {
        let configuration: Configuration
        do { configuration = try read() } catch {
            logger.error("not reloaded; what was configured before stays in use", metadata: ["reason": "\(error)"])
            return
        }
        Telemetry.setLevel(configuration.logLevel)
        server.reload(
            eventsPerMinutePerKey: configuration.limits.eventsPerMinutePerKey,
            eventsPerMinutePerAddress: configuration.limits.eventsPerMinutePerAddress)
        logger.notice("reloaded: log_level, limits, projects")
        let fixed = Self.fixedKeys(thatDifferIn: configuration, from: started)
        guard !fixed.isEmpty else { return }
        logger.warning(
            "these keys were changed, and need a restart", metadata: ["keys": "\(fixed.joined(separator: ", "))"])
    }

    /// The keys which the daemon uses and reads at its start only, where their values differ.
    static func fixedKeys(thatDifferIn new: Configuration, from old: Configuration) -> [String] {
        var names: [String] = []
        func note<Value: Equatable>(_ name: String, _ key: KeyPath<Configuration, Value>) {
            if old[keyPath: key] != new[keyPath: key] { names.append(name) }
        }
        note("data_dir", \.dataDirectory)
        note("runtime_dir", \.runtimeDirectory)
        note("ingest.http", \.ingest.http)
        note("ingest.unix", \.ingest.unix)
        note("ingest.stream", \.ingest.stream)
        note("ingest.script_paths", \.ingest.scriptPaths)
        note("ingest.max_age_days", \.ingest.maxAgeDays)
        note("ingest.trusted_proxies", \.ingest.trustedProxies)
        note("ingest.country_header", \.ingest.countryHeader)
        note("ingest.country_database", \.ingest.countryDatabase)
        note("log.segment_mib", \.log.segmentMiB)
        note("log.min_free_mib", \.log.minFreeMiB)
        note("metrics.token", \.metricsToken)
        note("retention.events_days", \.retention.eventsDays)
        return names
    }
}
