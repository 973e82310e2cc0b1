import ControlStore
import EventModel
import Hummingbird

/// `GET /health`: whether the API can answer, for whoever watches it; needs no credentials and tells no numbers of any
/// project.
struct HealthRoutes {
    let services: APIServices

    func add(to router: Router<APIContext>) {
        router.resource("/health", [.get: { [services] _, context in try await Self.answer(services, context) }])
    }

    private struct Health: Encodable {
        let status: String
        let version: String
        /// The newest migration that the database has.
        let schema: String
        /// Nil while the loader has no status file.
        let loader: LoaderStatus?

        enum CodingKeys: String, CodingKey { case status, version, schema, loader }

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: CodingKeys.self)
            try members.encode(status, forKey: .status)
            try members.encode(version, forKey: .version)
            try members.encode(schema, forKey: .schema)
            try members.encode(loader, forKey: .loader)
        }
    }

    private static func answer(_ services: APIServices, _ context: APIContext) async throws -> Response {
        let path = services.configuration.statusDirectory
        let loader = try await services.threads.run { LoaderStatus.read(directory: path) }
        do {
            _ = try await services.read { try $0.snapshotVersion() }
        } catch let error as Unavailable {
            context.logger.error("the control database cannot be read", metadata: ["reason": "\(error.underlying)"])
            return try response("unavailable", services, loader, status: .serviceUnavailable)
        }
        return try response("ok", services, loader, status: .ok)
    }

    private static func response(
        _ text: String, _ services: APIServices, _ loader: LoaderStatus?, status: HTTPResponse.Status
    ) throws -> Response {
        let health = Health(
            status: text, version: services.version, schema: Migrations.all.last?.name ?? "none", loader: loader)
        return .json(try JSONText.encode(health), status: status, headers: [.cacheControl: "no-store"])
    }
}
