import HTTPTypes
import Hummingbird

/// Reads the body within its bound, turns every error into problem details, and sets the headers that every answer
/// has. The outermost of all middleware.
struct ProblemMiddleware: RouterMiddleware {
    /// No route takes a longer body.
    static let maximumBodyBytes = 64 * 1024

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            var request = request
            _ = try await request.collectBody(upTo: Self.maximumBodyBytes)
            response = try await next(request, context)
        } catch {
            response = problem(error, request, context).response(from: request, context: context)
        }
        for (name, value) in Self.headers where response.headers[name] == nil { response.headers[name] = value }
        return response
    }

    private func problem(_ error: any Error, _ request: Request, _ context: APIContext) -> Problem {
        if let problem = Problem(error) { return problem }
        let reason = (error as? Unavailable)?.underlying ?? error
        context.logger.error(
            "a request failed", metadata: ["path": "\(request.uri.path)", "reason": "\(reason)"])
        if error is Unavailable {
            return Problem(
                .serviceUnavailable, "the control database cannot be read at the moment; try again",
                headers: [.retryAfter: "5"])
        }
        return Problem(.internalServerError, "something went wrong here; the log of millrace-api says what")
    }

    /// Pages set a Content-Security-Policy of their own; this one lets a browser do nothing with an answer.
    private static let headers: [(HTTPField.Name, String)] = {
        let texts = [
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
            ("Cache-Control", "no-store"),
        ]
        return texts.compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
    }()
}
