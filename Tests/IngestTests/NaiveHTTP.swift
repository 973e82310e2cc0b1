import Foundation

/// HTTP/1.1 requests read by the letter of RFC 9112, slowly: what the daemon takes has to be what this reader sees too,
/// or somebody could hide a request from one of the two. It is stricter than the daemon nowhere but where the RFC is.
struct NaiveHTTP {
    struct Request {
        var method = ""
        var target = ""
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []

        var path: String { String(target.prefix { $0 != "?" }) }

        func values(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }
    }

    private(set) var requests: [Request] = []
    /// Of the requests, and of one behind them whose head is whole and whose body is not.
    private(set) var methods: [String] = []
    /// Whether what follows the last request can never be one.
    private(set) var isMalformed = false
    private let bytes: [UInt8]
    private var position = 0

    private enum Ending: Error { case early, malformed }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        do {
            while position < bytes.count { requests.append(try request()) }
        } catch { isMalformed = error as? Ending == .malformed }
    }

    private mutating func line() throws -> String {
        guard let end = bytes[position...].firstIndex(of: 10) else {
            if bytes[position...].dropLast().contains(13) { throw Ending.malformed }
            throw Ending.early
        }
        let line = bytes[position..<end]
        position = end + 1
        guard line.last == 13, !line.dropLast().contains(13) else { throw Ending.malformed }
        // One character for each byte, so that nothing is lost and nothing combined.
        return String(String.UnicodeScalarView(line.dropLast().map { Unicode.Scalar($0) }))
    }

    private mutating func request() throws -> Request {
        var first = try line()
        while first.isEmpty { first = try line() }
        let parts = first.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, Self.isToken(parts[0]), ["HTTP/1.1", "HTTP/1.0"].contains(parts[2]),
            parts[1].hasPrefix("/") || parts[1] == "*",
            parts[1].unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F })
        else { throw Ending.malformed }
        var request = Request(method: parts[0], target: parts[1])
        request.headers = try fields()
        methods.append(request.method)
        request.body = try body(request, isOld: parts[2] == "HTTP/1.0")
        return request
    }

    private mutating func fields() throws -> [(name: String, value: String)] {
        var fields: [(String, String)] = []
        while true {
            let text = try line()
            if text.isEmpty { return fields }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, Self.isToken(parts[0]),
                parts[1].unicodeScalars.allSatisfy({ ($0.value >= 0x20 && $0.value != 0x7F) || $0 == "\t" })
            else { throw Ending.malformed }
            fields.append((parts[0].lowercased(), parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t"))))
        }
    }

    private mutating func body(_ request: Request, isOld: Bool) throws -> [UInt8] {
        let lengths = request.values("content-length")
        let codings = request.values("transfer-encoding")
        let hosts = request.values("host")
        let isHost = hosts.allSatisfy { $0.wholeMatch(of: Self.host) != nil }
        guard isHost, hosts.count == 1 || (isOld && hosts.isEmpty), lengths.count <= 1,
            codings.isEmpty || (lengths.isEmpty && !isOld && codings.map { $0.lowercased() } == ["chunked"])
        else { throw Ending.malformed }
        if !codings.isEmpty { return try chunks() }
        guard let text = lengths.first else { return [] }
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { throw Ending.malformed }
        guard let length = Int(text) else { throw Ending.early }
        return try take(length)
    }

    private mutating func take(_ count: Int) throws -> [UInt8] {
        guard count <= bytes.count - position else { throw Ending.early }
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }

    private mutating func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            guard let size = try line().wholeMatch(of: Self.chunkSize)?.output.1 else { throw Ending.malformed }
            guard let count = Int(size, radix: 16) else { throw Ending.early }
            if count == 0 { break }
            body += try take(count)
            guard try take(2) == [13, 10] else { throw Ending.malformed }
        }
        _ = try fields()
        return body
    }

    /// The characters of a host with a port; what it names is nobody's concern here.
    nonisolated(unsafe) private static let host = #/[A-Za-z0-9._~!$&'()*+;=%:\[\]-]*/#

    /// A chunk's size, with an extension or without.
    nonisolated(unsafe) private static let chunkSize = #/([0-9A-Fa-f]+)([ \t]*;[ -~\t\u{80}-\u{FF}]*)?/#

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.value < 0x80
                    && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                        || "!#$%&'*+-.^_`|~".unicodeScalars.contains(scalar))
            }
    }
}

/// The answers of one connection, read as strictly: what is none is nil.
struct NaiveAnswers {
    struct Answer {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []

        var ends: Bool { headers["connection"] == "close" }

        /// The numbers of `Millrace-Verdict`.
        var verdict: [String: Int] {
            var numbers: [String: Int] = [:]
            for part in (headers["millrace-verdict"] ?? "").components(separatedBy: "; ") {
                let pair = part.split(separator: "=")
                if pair.count == 2 { numbers[String(pair[0])] = Int(pair[1]) }
            }
            return numbers
        }
    }

    /// The final ones; those of 100 are passed over.
    private(set) var answers: [Answer] = []

    /// `methods` are those of the requests, since an answer to HEAD has no body.
    init?(_ bytes: [UInt8], methods: [String]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let isHead = answers.count < methods.count && methods[answers.count] == "HEAD"
            guard let answer = Self.answer(&rest, isHead: isHead) else { return nil }
            if answer.status >= 200 { answers.append(answer) }
        }
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: 10), end > rest.startIndex, rest[end - 1] == 13 else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(validating: rest[..<(end - 1)], as: UTF8.self)
    }

    private static func answer(_ rest: inout ArraySlice<UInt8>, isHead: Bool) -> Answer? {
        guard let match = line(&rest)?.wholeMatch(of: #/HTTP\/1\.1 (\d{3}) [A-Za-z ]+/#) else { return nil }
        var answer = Answer(status: Int(match.output.1) ?? 0)
        while true {
            guard let text = line(&rest) else { return nil }
            if text.isEmpty { break }
            guard let field = text.wholeMatch(of: #/([A-Za-z-]+): ([^\x00-\x1f]*)/#)?.output,
                answer.headers[field.1.lowercased()] == nil
            else { return nil }
            answer.headers[field.1.lowercased()] = String(field.2)
        }
        // A head that is malformed behind its first line asked for nothing: its refusal has a body, and is the last.
        let isRefusal = answer.ends && answer.headers["content-length"] == String(rest.count)
        if (isHead && !isRefusal) || answer.status == 204 || answer.status < 200 { return answer }
        if answer.headers["transfer-encoding"] == "chunked" {
            guard readChunks(&rest, into: &answer) else { return nil }
            return answer
        }
        guard let size = answer.headers["content-length"].flatMap({ Int($0) }), size <= rest.count else { return nil }
        answer.body = Array(rest.prefix(size))
        rest = rest.dropFirst(size)
        return answer
    }

    /// A stream that fails may end without its last chunk: then the connection ended too.
    private static func readChunks(_ rest: inout ArraySlice<UInt8>, into answer: inout Answer) -> Bool {
        while !rest.isEmpty {
            guard let size = line(&rest).flatMap({ Int($0, radix: 16) }) else { return false }
            guard size > 0 else {
                while let text = line(&rest) {
                    if text.isEmpty { return true }
                    guard let field = text.wholeMatch(of: #/([A-Za-z-]+): (.*)/#)?.output else { return false }
                    answer.headers[field.1.lowercased()] = String(field.2)
                }
                return false
            }
            guard rest.count >= size + 2 else { return false }
            answer.body += rest.prefix(size)
            rest = rest.dropFirst(size)
            guard line(&rest) == "" else { return false }
        }
        return true
    }
}
