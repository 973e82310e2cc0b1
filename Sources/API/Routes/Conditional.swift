import Crypto
import EventModel
import HTTPTypes
import Hummingbird

/// Answers that a client may keep and ask for again with `If-None-Match`.
package enum Conditional {
    /// 200 with the body and its ETag, or 304 where the client has it already.
    package static func response(
        to request: Request, body: [UInt8], type: String, headers: HTTPFields = [:]
    ) -> Response {
        let tag = "\"\(fingerprint(body))\""
        var headers = headers
        headers[.eTag] = tag
        if matches(request.headers[values: .ifNoneMatch], tag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// 24 hexadecimal digits that change with the content.
    package static func fingerprint(_ bytes: [UInt8]) -> String { hexText(SHA256.hash(data: bytes).prefix(12)) }

    /// Weak comparison, as RFC 9110 13.1.2 says: `*`, or a list with the tag, with or without `W/`.
    static func matches(_ fields: [String], _ tag: String) -> Bool {
        fields.joined(separator: ",").split(separator: ",").contains { part in
            var text = part.drop { $0 == " " }.prefix { $0 != " " }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            return text == "*" || text == tag
        }
    }
}

extension Response {
    /// A JSON answer; `text` is the whole document.
    static func json(_ text: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
