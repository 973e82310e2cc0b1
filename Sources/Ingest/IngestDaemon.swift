import EventModel
import Logging
import ServiceLifecycle
import Settings
import Systemd
import UnixSignals
import WriteAheadLog

/// `millraced` as a service: opens the log, listens, and ends gracefully when asked to.
package struct IngestDaemon: Service {
    private let server: IngestServer
    private let housekeeping: Duration
    private let logger: Logger

    /// Opens the log and the sockets; what stands in the way is one error that says how to mend it.
    package static func start(_ configuration: Configuration, logger: Logger) async throws -> IngestDaemon {
        let sockets = try ListenSocket.takeHandedOver()
        var options = IngestOptions(configuration)
        let wanted = options.bounds.connections
        options.bounds.connections = OpenFiles.makeRoom(forConnections: wanted)
        if options.bounds.connections < wanted {
            logger.warning(
                "the limit of open files leaves room for fewer connections; raise LimitNOFILE",
                metadata: ["connections": "\(options.bounds.connections)", "wanted": "\(wanted)"])
        }
        let log = try LogWriter.open(
            LogConfiguration(
                directory: configuration.logDirectory, segmentBytes: configuration.log.segmentMiB << 20,
                minFreeBytes: configuration.log.minFreeMiB << 20))
        do {
            let server = try await IngestServer.start(options, log: log, sockets: sockets, logger: logger)
            return IngestDaemon(server: server, housekeeping: options.bounds.housekeeping, logger: logger)
        } catch {
            log.close()
            throw error
        }
    }

    /// Runs until the program is told to stop.
    package func run() async throws {
        let names = server.listenerNames.joined(separator: ", ")
        logger.info("listening", metadata: ["at": "\(names)"])
        Notifier.tell(.ready, .status("listening on \(names)"))
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: housekeeping)
                server.tick()
            }
        }
        Notifier.tell(.stopping, .status("answering what has begun"))
        logger.info("stopping: answering what has begun")
        await server.stop()
        logger.info("stopped", metadata: ["events": "\(server.verdict.headerValue)"])
    }

    /// Starts the daemon and runs it until SIGTERM or SIGINT. At SIGHUP `reread` gives the configuration as it is then.
    package static func runUntilSignalled(
        _ configuration: Configuration, logger: Logger, reread: @escaping @Sendable () throws -> Configuration
    ) async throws {
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        // Before anything is accepted: a signal between the first connection and the services' start must not end the
        // process with a request unanswered.
        let stops = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let daemon = try await start(configuration, logger: logger)
        let reloading = ReloadService(
            server: daemon.server, started: configuration, read: reread, signals: hangUps, logger: logger)
        let stopping = StopService(signals: stops)
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: daemon), .init(service: reloading),
                    .init(service: stopping, successTerminationBehavior: .gracefullyShutdownGroup),
                ], logger: logger))
        try await group.run()
    }
}

/// Ends with the first signal that asks the daemon to stop, and the daemon with it.
private struct StopService: Service {
    let signals: UnixSignalsSequence

    func run() async {
        for await _ in signals.cancelOnGracefulShutdown() { return }
    }
}
