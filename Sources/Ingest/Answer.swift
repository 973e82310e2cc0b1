import EventModel
import NIOCore

/// One HTTP answer, before it is bytes.
struct Answer {
    enum Body {
        case none
        /// `{"accepted": n, "rejected": […]}`
        case result([RejectedEvent])
        /// Problem details (RFC 9457).
        case problem(Refusal, [RejectedEvent])
        case json([UInt8])
        case text([UInt8])
        /// With headers of its own.
        case served(ServedContent)
    }

    var status: Int
    var verdict: Verdict?
    var body = Body.none
    var retryAfterSeconds: Int?
    /// The origin whose pages may read the answer.
    var allowedOrigin: String?
    /// The methods to name where another was used.
    var allow: String?
    /// Names the encodings that a body may have.
    var namesEncodings = false
    /// Another origin gets another answer, also where none is named.
    var variesByOrigin = false
    var isPreflight = false
    var isHead = false
    /// Ends the connection.
    var closes = false

    init(_ status: Int, verdict: Verdict? = nil, body: Body = .none) {
        self.status = status
        self.verdict = verdict
        self.body = body
    }

    /// A refusal of the whole request, whose events were not read.
    static func problem(_ status: Int, _ refusal: Refusal) -> Answer {
        Answer(status, verdict: .oneInvalid, body: .problem(refusal, []))
    }

    /// The same request where the log could not take its events.
    func logUnavailable(_ text: String) -> Answer {
        var answer = self
        answer.status = 503
        answer.verdict = (verdict ?? Verdict()).withLogUnavailable
        answer.body = .problem(Refusal(.logUnavailable, text), [])
        answer.retryAfterSeconds = 1
        return answer
    }

    /// The commonest answer, made once.
    private static let oneAccepted: [UInt8] = {
        var buffer = ByteBuffer()
        var verdict = Verdict()
        verdict.accepted = 1
        Answer(202, verdict: verdict, body: .result([])).writeParts(to: &buffer)
        return Array(buffer.readableBytesView)
    }()

    private var isOneAccepted: Bool {
        guard status == 202, !closes, allowedOrigin == nil, retryAfterSeconds == nil, allow == nil, !isHead,
            let verdict, verdict.accepted == 1, verdict.received == 1, case .result(let rejected) = body
        else { return false }
        return rejected.isEmpty
    }

    /// `date` is the line of the header `Date`, with the end of the line before.
    func write(to buffer: inout ByteBuffer, date: [UInt8]) {
        if isOneAccepted {
            buffer.writeStaticString("HTTP/1.1 202 Accepted")
            buffer.writeBytes(date)
            buffer.writeBytes(Self.oneAccepted)
            return
        }
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status))
        buffer.writeStaticString(" ")
        buffer.writeStaticString(Self.reason(status))
        buffer.writeBytes(date)
        writeParts(to: &buffer)
    }

    /// All behind the status line and `Date`.
    private func writeParts(to buffer: inout ByteBuffer) {
        if let verdict {
            buffer.writeStaticString("\r\nMillrace-Verdict: ")
            buffer.writeString(verdict.headerValue)
        }
        if let retryAfterSeconds {
            buffer.writeStaticString("\r\nRetry-After: ")
            buffer.writeString(String(retryAfterSeconds))
        }
        writeSharing(to: &buffer)
        if case .served(let served) = body { buffer.writeBytes(served.headers) }
        if let allow {
            buffer.writeStaticString("\r\nAllow: ")
            buffer.writeString(allow)
        }
        if namesEncodings {
            buffer.writeStaticString("\r\nAccept-Encoding: ")
            buffer.writeStaticString(BodyEncoding.accepted)
        }
        if closes { buffer.writeStaticString("\r\nConnection: close") }
        let (type, content) = content
        if let type {
            buffer.writeStaticString("\r\nContent-Type: ")
            buffer.writeStaticString(type)
        }
        if status != 204, status != 304 {
            buffer.writeStaticString("\r\nContent-Length: ")
            buffer.writeString(String(content.count))
        }
        buffer.writeStaticString("\r\n\r\n")
        if !isHead { buffer.writeBytes(content) }
    }

    /// The headers of CORS.
    func writeSharing(to buffer: inout ByteBuffer) {
        if allowedOrigin != nil || variesByOrigin { buffer.writeStaticString("\r\nVary: Origin") }
        guard let allowedOrigin else { return }
        buffer.writeStaticString("\r\nAccess-Control-Allow-Origin: ")
        buffer.writeString(allowedOrigin)
        buffer.writeStaticString("\r\nAccess-Control-Allow-Credentials: true")
        if isPreflight {
            buffer.writeStaticString(
                """
                \r\nAccess-Control-Allow-Methods: GET, POST, OPTIONS\
                \r\nAccess-Control-Allow-Headers: Authorization, Content-Encoding, Content-Type, X-API-Key\
                \r\nAccess-Control-Max-Age: 7200
                """)
        } else {
            buffer.writeStaticString("\r\nAccess-Control-Expose-Headers: Millrace-Verdict, Retry-After")
        }
    }

    private var content: (StaticString?, [UInt8]) {
        var json = JSONWriter()
        switch body {
        case .none: return (nil, [])
        case .json(let bytes): return ("application/json", bytes)
        case .served(let served): return status == 304 ? (nil, []) : (served.type, served.bytes)
        case .text(let bytes): return ("text/plain; version=0.0.4; charset=utf-8", bytes)
        case .result(let rejected):
            json.object {
                $0.member("accepted", verdict?.accepted ?? 0)
                Self.write(rejected, to: &$0)
            }
            return ("application/json", json.bytes)
        case .problem(let refusal, let rejected):
            json.object {
                $0.member("type", "about:blank")
                $0.member("title", Self.reason(status).description)
                $0.member("status", status)
                $0.member("detail", refusal.text)
                $0.member("reason", refusal.reason.rawValue)
                if let field = refusal.field { $0.member("field", field) }
                if let byte = refusal.byte { $0.member("byte", byte) }
                if !rejected.isEmpty { Self.write(rejected, to: &$0) }
            }
            return ("application/problem+json", json.bytes)
        }
    }

    private static func write(_ rejected: [RejectedEvent], to json: inout JSONWriter) {
        json.array("rejected") { json in
            for event in rejected {
                json.object {
                    $0.member("index", event.index)
                    if let field = event.refusal.field { $0.member("field", field) }
                    $0.member("error", event.refusal.reason == .limited ? "limited" : event.refusal.text)
                }
            }
        }
    }

    static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 202: "Accepted"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
}
