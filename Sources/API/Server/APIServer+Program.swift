import ControlStore
import EventModel
import Logging
import Settings

extension APIServer {
    /// What `millrace-api` does: opens the store and serves until it is told to stop. `reload` reads the configuration
    /// again.
    package static func runUntilSignalled(
        _ configuration: Configuration, pages: [Pages], reload: @escaping @Sendable () throws -> Configuration
    ) async throws {
        let store = try ControlStore.open(path: configuration.controlDatabase)
        let server = try APIServer(
            configuration: configuration, store: store, version: millraceVersion, logger: Logger(label: "millrace-api"),
            pages: pages)
        try await server.run(reload: reload)
        try store.close()
    }
}
