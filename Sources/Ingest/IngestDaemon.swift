import EventModel
import Logging
import ServiceLifecycle
import Settings
import UnixSignals
import WriteAheadLog

/// `millraced` as a service: opens the log, listens, and ends gracefully when asked to.
package struct IngestDaemon: Service {
    private let server: IngestServer
    private let housekeeping: Duration
    private let logger: Logger

    /// Opens the log and the sockets; what stands in the way is one error that says how to mend it.
    package static func start(_ configuration: Configuration, logger: Logger) async throws -> IngestDaemon {
        let options = IngestOptions(configuration)
        let log = try LogWriter.open(
            LogConfiguration(
                directory: configuration.logDirectory, segmentBytes: configuration.log.segmentMiB << 20,
                minFreeBytes: configuration.log.minFreeMiB << 20))
        do {
            let server = try await IngestServer.start(options, log: log, logger: logger)
            return IngestDaemon(server: server, housekeeping: options.bounds.housekeeping, logger: logger)
        } catch {
            log.close()
            throw error
        }
    }

    /// Runs until the program is told to stop.
    package func run() async throws {
        logger.info("listening", metadata: ["at": "\(server.listenerNames.joined(separator: ", "))"])
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: housekeeping)
                server.tick()
            }
        }
        logger.info("stopping: answering what has begun")
        await server.stop()
        logger.info("stopped", metadata: ["events": "\(server.verdict.headerValue)"])
    }

    /// Starts the daemon and runs it until SIGTERM or SIGINT. At SIGHUP `reread` gives the configuration as it is then.
    package static func runUntilSignalled(
        _ configuration: Configuration, logger: Logger, reread: @escaping @Sendable () throws -> Configuration
    ) async throws {
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        let daemon = try await start(configuration, logger: logger)
        let reloading = ReloadService(
            server: daemon.server, started: configuration, read: reread, signals: hangUps, logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: daemon), .init(service: reloading)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
