import ControlStore
import EventModel
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Settings
import UnixSignals

/// The HTTP server of API and pages.
package struct APIServer: Sendable {
    /// How long a connection may stand idle, or take to send a request's head.
    static let idleSeconds: Int64 = 60
    /// How long an answer may take, with the reading of the request's body.
    static let deadline = Duration.seconds(30)
    static let maximumConnections = 1_024
    /// How long a stop waits for requests that are being answered.
    static let stopDeadline = Duration.seconds(20)

    package let services: APIServices
    private let configuration: Configuration
    private let signIn: BasicSignIn
    /// bcrypt has threads of its own, so that guessing passwords never holds up reading.
    private let signInThreads: BlockingThreads
    private let logger: Logger
    private let responder: RouterResponder<APIContext>

    /// Adds the routes of another room, such as the dashboard's pages.
    package typealias Pages = @Sendable (Router<APIContext>, APIServices) -> Void

    package init(
        configuration: Configuration, store: ControlStore, version: String, logger: Logger, pages: [Pages] = []
    ) throws {
        self.configuration = configuration
        self.logger = logger
        signInThreads = BlockingThreads(threads: 2, maximumWaiting: 32)
        signIn = try BasicSignIn(users: configuration.adminUsers, threads: signInThreads)
        let threads = BlockingThreads(threads: 4, maximumWaiting: 256)
        let gate = Gate(
            store: store, threads: threads, signIn: signIn,
            proxies: configuration.api.trustedProxies)
        services = APIServices(
            configuration: configuration, store: store, threads: threads, gate: gate, version: version)
        let router = Router(context: APIContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: ProblemMiddleware())
        HealthRoutes(services: services).add(to: router)
        FunnelMetricsRoutes(services: services).add(to: router)
        JobRoutes(services: services).add(to: router)
        for add in pages { add(router, services) }
        responder = router.buildResponder()
    }

    /// The application, for `run` and for tests.
    package func application(
        onRunning: @escaping @Sendable (String) async -> Void = { _ in }
    ) throws -> some ApplicationProtocol {
        let address = try Self.bindAddress(configuration.api.listen)
        return Application(
            responder: RequestBounds(inner: responder, deadline: Self.deadline),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: .seconds(Self.idleSeconds),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: address,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections, logger: logger)),
            onServerRunning: { channel in await onRunning(Self.text(channel.localAddress)) },
            logger: logger)
    }

    /// Serves until SIGTERM or SIGINT, answering what has begun; `reload` is what SIGHUP reads.
    package func run(reload: @escaping @Sendable () throws -> Configuration) async throws {
        try publishSnapshot()
        let status = StatusReport(
            directory: configuration.statusDirectory, version: services.version, clock: services.store.clock,
            logger: logger)
        let application = try application { [logger] address in
            status.listening(on: address)
            logger.notice("listening", metadata: ["address": "\(address)"])
        }
        let hangup = HangupReload(configuration: configuration, signIn: signIn, logger: logger, load: reload)
        var group = ServiceGroupConfiguration(
            services: [status, hangup, application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = Self.stopDeadline
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError {
            throw Self.startError(error, listen: configuration.api.listen)
        } catch let error as SocketAddressError.UnknownHost {
            throw APIError(
                .badAddress,
                "the host of \(configuration.api.listen) is not known; name an address of this machine as api.listen",
                underlying: error)
        }
        try await signInThreads.stop()
        try await services.threads.stop()
        logger.notice("stopped")
    }

    /// Projects may have changed while the program that changed them died before it could tell the daemon.
    private func publishSnapshot() throws {
        do {
            try ProjectSnapshotFile.publish(store: services.store, path: configuration.snapshotFile)
        } catch {
            // The API itself does not need the file; the daemon goes on with the one it has.
            logger.warning("cannot write the snapshot of projects", metadata: ["reason": "\(error)"])
        }
    }

    private static func bindAddress(_ listen: String) throws(APIError) -> BindAddress {
        guard let colon = listen.lastIndex(of: ":"), let port = UInt16(listen[listen.index(after: colon)...]) else {
            throw APIError(.badAddress, "api.listen must be host:port, not \"\(listen)\"")
        }
        let host = listen[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return .hostname(String(host), port: Int(port))
    }

    private static func text(_ address: SocketAddress?) -> String {
        guard let address, let host = address.ipAddress, let port = address.port else { return "unknown" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
