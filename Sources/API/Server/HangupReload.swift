import EventModel
import Logging
import ServiceLifecycle
import Settings
import UnixSignals

/// On SIGHUP reads the configuration again, takes what can change while the API runs, and says what cannot.
struct HangupReload: Service {
    let configuration: Configuration
    let signIn: BasicSignIn
    let logger: Logger
    let load: @Sendable () throws -> Configuration

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { reload() }
    }

    func reload() {
        do {
            let fresh = try load()
            try signIn.replace(users: fresh.adminUsers)
            logger.notice("SIGHUP: admin.users taken anew; projects and keys are read at every request anyway")
            let waiting = Self.needRestart(from: configuration, to: fresh)
            if !waiting.isEmpty {
                logger.warning(
                    "SIGHUP: these keys changed and take effect after a restart",
                    metadata: ["keys": "\(waiting.joined(separator: " "))"])
            }
        } catch {
            logger.error("SIGHUP: nothing was taken, the configuration has a mistake", metadata: ["reason": "\(error)"])
        }
    }

    /// The keys that this program reads at its start alone, and whose values differ.
    static func needRestart(from old: Configuration, to new: Configuration) -> [String] {
        var keys: [String] = []
        if old.dataDirectory != new.dataDirectory { keys.append("data_dir") }
        if old.runtimeDirectory != new.runtimeDirectory { keys.append("runtime_dir") }
        if old.logLevel != new.logLevel { keys.append("log_level") }
        if old.api.listen != new.api.listen { keys.append("api.listen") }
        if old.api.trustedProxies != new.api.trustedProxies { keys.append("api.trusted_proxies") }
        if old.funnel.defaultProject != new.funnel.defaultProject { keys.append("funnel.default_project") }
        return keys
    }
}
