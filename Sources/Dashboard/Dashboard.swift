import API
import ControlStore
import EventModel
import HTTPTypes
import Hummingbird

/// `/admin/funnel-dashboard/`: the numbers of a project for people, behind Basic Auth.
package enum Dashboard {
    static let path = "/admin/funnel-dashboard"

    /// What the page may load: its own style, script and refreshed numbers, nothing else from anywhere.
    static let contentSecurityPolicy = [
        "default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    /// Adds the page and what it loads.
    package static func add(to router: Router<APIContext>, services: APIServices) {
        router.resource(
            RouterPath(path), [.get: { request, context in try await page(request, context, services) }])
        router.resource(
            RouterPath(path + "/live.json"), [.get: { request, context in try await live(request, context, services) }])
        for asset in [Assets.style, Assets.script] {
            router.resource(
                RouterPath("\(path)/\(asset.name)"),
                [
                    .get: { request, context in
                        _ = try await services.gate.administrator(request, context)
                        return asset.response(to: request)
                    }
                ])
        }
    }

    private static func page(
        _ request: Request, _ context: APIContext, _ services: APIServices
    ) async throws -> Response {
        guard request.uri.path.hasSuffix("/") else {
            // The page names its files relative to itself, so that it also works behind a prefix of a proxy.
            let query = request.uri.query.map { "?\($0)" } ?? ""
            return Response(status: .permanentRedirect, headers: [.location: "funnel-dashboard/\(query)"])
        }
        let caller = try await services.gate.administrator(request, context)
        let page = try await read(request, caller, services)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: contentSecurityPolicy,
                .cacheControl: "no-store",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: page.html())))
    }

    /// The texts which the page's script puts into the places of the same name.
    private struct Live: Encodable {
        let fields: [String: String]
        /// `lastUpdated` of the record: the script tells by it that the rest of the page has grown old.
        let record: String?
    }

    private static func live(
        _ request: Request, _ context: APIContext, _ services: APIServices
    ) async throws -> Response {
        let caller = try await services.gate.administrator(request, context)
        let page = try await read(request, caller, services)
        var fields = ["asof": page.asOfText]
        for figure in page.liveFigures { fields[figure.name] = figure.text ?? "–" }
        let text = try JSONText.encode(Live(fields: fields, record: page.record?.lastUpdated))
        return Conditional.response(
            to: request, body: Array(text.utf8), type: "application/json", headers: [.cacheControl: "private, no-cache"]
        )
    }

    /// Everything that the page shows, from one snapshot of the store.
    private static func read(
        _ request: Request, _ caller: Caller, _ services: APIServices
    ) async throws -> FunnelPage {
        let wanted = request.uri.queryParameters["project_id"].map(String.init)
        let directory = services.configuration.statusDirectory
        let loader = try await services.threads.run { LoaderStatus.read(directory: directory) }
        return try await services.read { transaction in
            let project = try services.project(named: wanted, for: caller, in: transaction)
            let isDefault = try services.defaultProject(in: transaction)?.projectID == project.projectID
            let metrics = try FunnelMetrics.read(project: project.projectID, isDefault: isDefault, in: transaction)
            return FunnelPage(
                project: project, projects: try transaction.projects(),
                record: metrics.live.flatMap { FunnelRecord(json: $0) }, isStale: metrics.isStale,
                asOf: metrics.asOf.flatMap { Timestamp($0) },
                history: metrics.history.compactMap { DaySummary(json: $0) }, loader: loader, now: transaction.now,
                version: services.version)
        }
    }
}
