/// The head of an HTTP/1.1 request: what the daemon needs of it, as ranges of the bytes it was read from.
struct RequestHead {
    enum Method {
        case get, head, post, options, other

        /// A request of this method may have been meant to bring events. The others only ask.
        var bringsEvents: Bool { self == .post || self == .other }
    }

    var method = Method.other
    var path = 0..<0
    var query = 0..<0
    /// The sender knows neither chunks nor 100.
    var isHTTP10 = false
    /// The connection may serve another request.
    var keepsAlive = true
    var contentLength: Int?
    var isChunked = false
    var expectsContinue = false
    var isPrivate = false
    var contentType: Range<Int>?
    /// The last one; `encodingLines` says whether it is the only one.
    var contentEncoding: Range<Int>?
    var encodingLines = 0
    var apiKey: Range<Int>?
    var authorization: Range<Int>?
    var ifNoneMatch: Range<Int>?
    var origin: Range<Int>?
    var userAgent: Range<Int>?
    var forwardedFor: [Range<Int>] = []
    /// The value of the header that tells the visitor's country; empty where it stands twice, and says nothing then.
    var country: Range<Int>?
    /// Bytes of the head with its empty line.
    var size = 0
}

/// Why bytes are no request that this server takes.
struct RequestError: Error, Equatable {
    let status: Int
    let byte: Int
    let text: String

    init(_ status: Int, byte: Int, _ text: String) {
        self.status = status
        self.byte = byte
        self.text = text
    }
}

/// Reads request heads (RFC 9112), strictly: what two readers could take for two different requests is refused.
struct RequestHeadReader {
    private let bytes: UnsafeRawBufferPointer
    private let countryHeader: [UInt8]
    private var head = RequestHead()
    private var hasHost = false

    /// Bytes of the head, with its empty line, where it is complete; `searched` bytes are known to hold no end of it.
    static func end(in bytes: UnsafeRawBufferPointer, searched: Int) throws(RequestError) -> Int? {
        var position = searched
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "\n") else {
                position += 1
                continue
            }
            guard position > 0, bytes[position - 1] == UInt8(ascii: "\r") else {
                throw RequestError(400, byte: position, "a line of the head ends without a carriage return")
            }
            if position >= 3, bytes[position - 2] == UInt8(ascii: "\n") { return position + 1 }
            position += 1
        }
        return nil
    }

    /// Reads a complete head. `countryHeader` is the name, in lower case, of the header that tells the visitor's
    /// country; empty for none.
    static func read(
        _ bytes: UnsafeRawBufferPointer, countryHeader: [UInt8] = []
    ) throws(RequestError) -> RequestHead {
        var reader = RequestHeadReader(bytes: bytes, countryHeader: countryHeader)
        try reader.readLines()
        return reader.head
    }

    private init(bytes: UnsafeRawBufferPointer, countryHeader: [UInt8]) {
        self.bytes = bytes
        self.countryHeader = countryHeader
    }

    private mutating func readLines() throws(RequestError) {
        head.size = bytes.count
        var start = 0
        var isFirst = true
        while start + 2 <= bytes.count {
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\r")), end + 1 < bytes.count,
                bytes[end + 1] == UInt8(ascii: "\n")
            else { throw RequestError(400, byte: start, "a carriage return stands alone in the head") }
            if end == start { break }
            if isFirst { try readRequestLine(start..<end) } else { try readHeader(start..<end) }
            isFirst = false
            start = end + 2
        }
        guard hasHost || head.isHTTP10 else { throw RequestError(400, byte: 0, "the request has no Host") }
        if head.isChunked, head.contentLength != nil {
            throw RequestError(400, byte: 0, "the request has both Content-Length and Transfer-Encoding")
        }
        if head.isChunked, head.isHTTP10 { throw RequestError(400, byte: 0, "HTTP/1.0 knows no Transfer-Encoding") }
    }

    private mutating func readRequestLine(_ line: Range<Int>) throws(RequestError) {
        let text = bytes.part(line)
        guard let first = text.firstIndex(of: UInt8(ascii: " ")),
            let last = text.lastIndex(of: UInt8(ascii: " ")), first < last
        else { throw RequestError(400, byte: line.lowerBound, "the request line is malformed") }
        let version = text.part((last + 1)..<text.count)
        if version.isEqual("HTTP/1.0") {
            head.isHTTP10 = true
            head.keepsAlive = false
        } else if !version.isEqual("HTTP/1.1") {
            throw RequestError(505, byte: line.lowerBound + last + 1, "only HTTP/1.1 is spoken here")
        }
        let method = text.part(0..<first)
        guard !method.isEmpty, method.allSatisfy(Self.isTokenByte) else {
            throw RequestError(400, byte: line.lowerBound, "the method is malformed")
        }
        head.method =
            method.isEqual("POST")
            ? .post
            : method.isEqual("GET")
                ? .get
                : method.isEqual("OPTIONS") ? .options : method.isEqual("HEAD") ? .head : .other
        let offset = line.lowerBound + first + 1
        guard let path = Self.pathStart(text.part((first + 1)..<last), head.method) else {
            throw RequestError(400, byte: offset, "the request's target is malformed")
        }
        let target = text.part((first + 1 + path)..<last)
        let mark = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        let start = offset + path
        head.path = start..<(start + mark)
        head.query = min(start + mark + 1, start + target.count)..<(start + target.count)
    }

    /// Where the path begins in a request's target (RFC 9112, 3.2): origin form, absolute form, which every server has
    /// to know, and the asterisk, which only OPTIONS may have. The authority form is CONNECT's, which is unknown here.
    private static func pathStart(_ target: UnsafeRawBufferPointer, _ method: RequestHead.Method) -> Int? {
        guard target.count > 0, target.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            return nil
        }
        if target[0] == UInt8(ascii: "/") || target.isEqual("*") && method == .options { return 0 }
        for scheme: StaticString in ["http://", "https://"] {
            let size = scheme.utf8CodeUnitCount
            guard target.count > size, target.part(0..<size).isEqualIgnoringCase(scheme) else { continue }
            let rest = target.part(size..<target.count)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.count
            return end > 0 && rest[..<end].allSatisfy(isHostByte) ? size + end : nil
        }
        return nil
    }

    private mutating func readHeader(_ line: Range<Int>) throws(RequestError) {
        let text = bytes.part(line)
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            text[..<colon].allSatisfy(Self.isTokenByte)
        else { throw RequestError(400, byte: line.lowerBound, "the name of a header is malformed") }
        var start = colon + 1
        var end = text.count
        while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
        for index in start..<end where text[index] < 0x20 && text[index] != 0x09 || text[index] == 0x7F {
            throw RequestError(400, byte: line.lowerBound + index, "the value of a header holds a control character")
        }
        let value = (line.lowerBound + start)..<(line.lowerBound + end)
        try take(text.part(0..<colon), value)
    }

    private mutating func take(_ name: UnsafeRawBufferPointer, _ range: Range<Int>) throws(RequestError) {
        let value = bytes.part(range)
        if name.count == countryHeader.count, name.isEqualIgnoringCase(countryHeader) {
            head.country = head.country == nil ? range : range.lowerBound..<range.lowerBound
        }
        switch name.count {
        case 4 where name.isEqualIgnoringCase("host"):
            guard !hasHost else { throw RequestError(400, byte: range.lowerBound, "the request has two Hosts") }
            guard value.allSatisfy(Self.isHostByte) else {
                throw RequestError(400, byte: range.lowerBound, "Host is no host with a port")
            }
            hasHost = true
        case 6:
            if name.isEqualIgnoringCase("origin") { head.origin = range }
            if name.isEqualIgnoringCase("expect") { try takeExpectation(value, range) }
        case 7 where name.isEqualIgnoringCase("sec-gpc"): head.isPrivate = value.isEqual("1")
        case 9 where name.isEqualIgnoringCase("x-api-key"): head.apiKey = range
        case 10:
            if name.isEqualIgnoringCase("user-agent") { head.userAgent = range }
            if name.isEqualIgnoringCase("connection") { takeConnection(value) }
        case 12 where name.isEqualIgnoringCase("content-type"): head.contentType = range
        case 13:
            if name.isEqualIgnoringCase("authorization") { head.authorization = range }
            if name.isEqualIgnoringCase("if-none-match") { head.ifNoneMatch = range }
        case 14 where name.isEqualIgnoringCase("content-length"): try takeLength(value, range)
        case 15 where name.isEqualIgnoringCase("x-forwarded-for"): head.forwardedFor.append(range)
        case 16 where name.isEqualIgnoringCase("content-encoding"):
            head.contentEncoding = range
            head.encodingLines += 1
        case 17 where name.isEqualIgnoringCase("transfer-encoding"):
            try takeTransferEncoding(value, range)
        default: break
        }
    }

    /// RFC 9112, 6.1: where chunked is not the last coding, or is there twice, nobody knows where the body ends.
    private mutating func takeTransferEncoding(
        _ value: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(RequestError) {
        guard !head.isChunked, value.isEqualIgnoringCase("chunked") else {
            let last = value.lastIndex(of: UInt8(ascii: ",")).map { value.part(($0 + 1)..<value.count) } ?? value
            let coding = last.drop { $0 == 0x20 || $0 == 0x09 }
            let endsWell = UnsafeRawBufferPointer(rebasing: coding).isEqualIgnoringCase("chunked") && !head.isChunked
            throw RequestError(
                endsWell ? 501 : 400, byte: range.lowerBound, "the only Transfer-Encoding known is chunked, once")
        }
        head.isChunked = true
    }

    private mutating func takeLength(_ value: UnsafeRawBufferPointer, _ range: Range<Int>) throws(RequestError) {
        guard head.contentLength == nil else {
            throw RequestError(400, byte: range.lowerBound, "the request has two Content-Lengths")
        }
        var length = 0
        for byte in value {
            guard byte >= 0x30, byte <= 0x39, length < 1 << 48 else {
                throw RequestError(400, byte: range.lowerBound, "Content-Length is no number of bytes")
            }
            length = length * 10 + Int(byte - 0x30)
        }
        guard value.count > 0 else {
            throw RequestError(400, byte: range.lowerBound, "Content-Length is empty")
        }
        head.contentLength = length
    }

    private mutating func takeExpectation(
        _ value: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(RequestError) {
        guard value.isEqualIgnoringCase("100-continue") else {
            throw RequestError(417, byte: range.lowerBound, "the only expectation known is 100-continue")
        }
        head.expectsContinue = !head.isHTTP10
    }

    private mutating func takeConnection(_ value: UnsafeRawBufferPointer) {
        for option in value.split(separator: UInt8(ascii: ",")) {
            let option = UnsafeRawBufferPointer(rebasing: option)
            let words = option.split(separator: 0x20)
            guard let word = words.first else { continue }
            let text = UnsafeRawBufferPointer(rebasing: word)
            if text.isEqualIgnoringCase("close") { head.keepsAlive = false }
            if text.isEqualIgnoringCase("keep-alive"), head.isHTTP10 { head.keepsAlive = true }
        }
    }

    /// A byte of a host with its port (RFC 3986, 3.2); no user, no path, no list.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "%"), UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "$"),
            UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"),
            UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// A byte of a token (RFC 9110, 5.6.2).
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x7C, 0x7E: true
        default: false
        }
    }
}
