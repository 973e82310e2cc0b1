import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// An answer that is an error, as problem details (RFC 9457).
package struct Problem: Error, HTTPResponseError {
    package let status: HTTPResponse.Status
    /// What was wrong with this request and what to do, for the one who sent it.
    package let detail: String
    package let headers: HTTPFields

    package init(_ status: HTTPResponse.Status, _ detail: String, headers: HTTPFields = [:]) {
        self.status = status
        self.detail = detail
        self.headers = headers
    }

    package func response(from request: Request, context: some RequestContext) -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        let details = Details(
            type: "about:blank", title: status.reasonPhrase, status: status.code, detail: detail,
            instance: request.uri.path)
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: details.encoded()))
    }

    /// The problem that stands for an error of Hummingbird's or of a room's; nil for one that nobody foresaw.
    init?(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case is NIOTooManyBytesError:
            self.init(.contentTooLarge, "the body may have at most \(ProblemMiddleware.maximumBodyBytes) bytes")
        case let error as HTTPError where error.status == .notFound:
            self.init(.notFound, "there is nothing at this path")
        case let error as HTTPError:
            self.init(error.status, error.body ?? error.status.reasonPhrase, headers: error.headers)
        case let error as any HTTPResponseError:
            self.init(error.status, error.status.reasonPhrase)
        default: return nil
        }
    }

    private struct Details: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let instance: String

        func encoded() -> ByteBuffer {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
            // Texts and a number: nothing in it that JSON could not hold.
            return ByteBuffer(bytes: (try? encoder.encode(self)) ?? Data("{}".utf8))
        }
    }
}
