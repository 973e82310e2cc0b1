import ControlStore
import EventModel
import Hummingbird

/// `GET /api/funnel-metrics`: live numbers, advice and history of one project, for its pages and servers.
struct FunnelMetricsRoutes {
    let services: APIServices

    func add(to router: Router<APIContext>) {
        router.resource(
            "/api/funnel-metrics", [.get: { [services] in try await Self.answer($0, $1, services) }])
    }

    private struct Meta: Encodable {
        let projectID: ProjectID
        let stale: Bool
        let asOf: String?
        let total: Int

        enum CodingKeys: String, CodingKey {
            case projectID = "project_id"
            case stale
            case asOf = "as_of"
            case total
        }

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: CodingKeys.self)
            try members.encode(projectID.rawValue, forKey: .projectID)
            try members.encode(stale, forKey: .stale)
            try members.encode(asOf, forKey: .asOf)
            try members.encode(total, forKey: .total)
        }
    }

    private static func answer(
        _ request: Request, _ context: APIContext, _ services: APIServices
    ) async throws -> Response {
        let caller = try await services.gate.caller(request, context)
        let wanted = request.uri.queryParameters["project_id"].map(String.init)
        let (project, metrics) = try await services.read { transaction in
            let project = try services.project(named: wanted, for: caller, in: transaction)
            let isDefault = try services.defaultProject(in: transaction)?.projectID == project.projectID
            return (
                project.projectID,
                try FunnelMetrics.read(project: project.projectID, isDefault: isDefault, in: transaction)
            )
        }
        let meta = Meta(
            projectID: project, stale: metrics.isStale, asOf: metrics.asOf, total: metrics.history.count)
        // The records go out as they were written: no number passes through a Double.
        let body = """
            {"data":{"live":\(metrics.live ?? "null"),"advice":\(metrics.advice ?? "null"),\
            "history":[\(metrics.history.joined(separator: ","))]},"meta":\(try JSONText.encode(meta))}
            """
        return Conditional.response(
            to: request, body: Array(body.utf8), type: "application/json",
            headers: [.cacheControl: "private, no-cache", .vary: "Authorization, X-API-Key"])
    }
}
