import Hummingbird

/// Puts a bound on the time that an answer may take, with the reading of the request's body.
struct RequestBounds<Inner: HTTPResponder>: HTTPResponder where Inner.Context == APIContext {
    let inner: Inner
    let deadline: Duration

    func respond(to request: Request, context: APIContext) async throws -> Response {
        try await withThrowingTaskGroup(of: Response?.self) { group in
            group.addTask { try await inner.respond(to: request, context: context) }
            group.addTask {
                try await Task.sleep(for: deadline)
                return nil
            }
            defer { group.cancelAll() }
            if let first = try await group.next(), let response = first { return response }
            context.logger.warning("a request took too long", metadata: ["path": "\(request.uri.path)"])
            return Problem(.serviceUnavailable, "the answer took too long; try again", headers: [.retryAfter: "1"])
                .response(from: request, context: context)
        }
    }
}
