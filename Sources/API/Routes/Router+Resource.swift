import HTTPTypes
import Hummingbird

/// What answers a request.
package typealias RouteHandler = @Sendable (Request, APIContext) async throws -> Response

extension Router where Context == APIContext {
    /// Answers these methods at the path, and all others with a 405 that names them; HEAD comes with GET.
    package func resource(_ path: RouterPath, _ handlers: [HTTPRequest.Method: RouteHandler]) {
        var allowed = Set(handlers.keys)
        if allowed.contains(.get) { allowed.insert(.head) }
        let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
        for (method, handler) in handlers { on(path, method: method, use: handler) }
        for method in Self.methods where !allowed.contains(method) {
            on(path, method: method) { _, _ -> Response in
                throw Problem(
                    .methodNotAllowed, "\(method.rawValue) is not possible here, only \(names)",
                    headers: [.allow: names])
            }
        }
    }

    private static var methods: [HTTPRequest.Method] { [.get, .head, .post, .put, .patch, .delete, .options] }
}
