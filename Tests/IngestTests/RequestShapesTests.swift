import EventModel
import Foundation
import Testing

@testable import Ingest

/// The shapes of requests that two readers could take for different ones, each with what RFC 9112 lets a server do.
@Suite struct RequestShapesTests {
    /// The head of a request to `/b`, up to its last line.
    private static func beacon(_ lines: String, version: String = "1.1", host: String = "Host: a\r\n") -> String {
        "POST /b HTTP/\(version)\r\n\(host)\(lines)\r\n"
    }

    private static let body = #"{"event_type": "a", "key": "pk_live_public"}"#
    private static let chunk = "\(String(body.utf8.count, radix: 16))"

    /// What has to be refused, and end the connection: nobody knows what follows it.
    static let refused: [(String, Int)] =
        [
            // 6.1 and 6.3: both lengths, several lengths, codings other than chunked as the last and only one.
            (beacon("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400),
            (beacon("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400),
            (beacon("Content-Length: 5\r\nContent-Length: 6\r\n"), 400),
            (beacon("Content-Length: 5, 5\r\n"), 400), (beacon("Content-Length: \r\n"), 400),
            (beacon("Transfer-Encoding: chunked, gzip\r\n"), 400), (beacon("Transfer-Encoding: identity\r\n"), 400),
            (beacon("Transfer-Encoding: xchunked\r\n"), 400), (beacon("Transfer-Encoding: \u{B}chunked\r\n"), 400),
            (beacon("Transfer-Encoding:\r\n"), 400), (beacon("Transfer-Encoding: gzip, chunked\r\n"), 501),
            (beacon("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400),
            (beacon("Transfer-Encoding: chunked\r\n", version: "1.0"), 400),
            // 5: no space before the colon, no folding, no bare CR, no NUL, no nameless line.
            (beacon("Content-Length : 5\r\n"), 400), (beacon("Transfer-Encoding\t: chunked\r\n"), 400),
            (beacon("X: a\r\n folded\r\n"), 400), (beacon("X: a\r\n\tContent-Length: 5\r\n"), 400),
            (beacon(" X: a\r\n"), 400), (beacon("X: a\rContent-Length: 5\r\n"), 400), (beacon("X: \0\r\n"), 400),
            (beacon("X\0: a\r\n"), 400), (beacon(": a\r\n"), 400), (beacon("nonsense\r\n"), 400),
            (beacon("X: a\n"), 400), (beacon("X: a\u{7F}\r\n"), 400),
            // 3.2: one Host, which is a host.
            (beacon("", host: ""), 400), (beacon("Host: a\r\n"), 400), (beacon("", host: "Host: a b\r\n"), 400),
            (beacon("", host: "Host: user@a\r\n"), 400), (beacon("", host: "Host: a/b\r\n"), 400),
            (beacon("", host: "Host: a, b\r\n"), 400), (beacon("", host: "Host : a\r\n"), 400),
        ]
        + ["0x5", "+5", "-5", "5.0", "5e0", "٥", "18446744073709551617", "9999999999999999"].map {
            (beacon("Content-Length: \($0)\r\n"), 400)
        }
        + [
            // 3: the request line.
            "POST b HTTP/1.1", "POST * HTTP/1.1", "POST a.example:80 HTTP/1.1", "POST http:///b HTTP/1.1",
            "POST http://u@a/b HTTP/1.1", "POST ftp://a/b HTTP/1.1", "POST /b#x HTTP/1.1", "POST /\u{7F} HTTP/1.1",
            "POST /é HTTP/1.1", "POST /b x HTTP/1.1", "POST  /b HTTP/1.1", "POST /b  HTTP/1.1", " POST /b HTTP/1.1",
            "PO(ST /b HTTP/1.1", "POST\t/b\tHTTP/1.1", "CONNECT a:80 HTTP/1.1",
        ].map { ($0 + "\r\nHost: a\r\n\r\n", 400) }
        + ["HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.1x", "HTTP/11", "ICY/1.1"].map {
            ("POST /b \($0)\r\nHost: a\r\n\r\n", 505)
        }

    /// Chunks that are none.
    static let brokenChunks: [(String, Int)] = [
        ("-1\r\n", 400), ("+1\r\na\r\n", 400), ("0x1\r\na\r\n", 400), ("\r\n", 400), (" 1\r\na\r\n", 400),
        ("1 \r\na\r\n", 400), ("1\na\n", 400), ("1\r\nab\r\n", 400), ("2\r\na\r\n0\r\n", 400), ("1\r\na\n0\r\n", 400),
        ("1;\u{1}\r\na\r\n", 400), ("1;a\rb\r\na\r\n", 400), ("1\0\r\na\r\n", 400), ("1 a\r\nb\r\n", 400),
        ("fffffffffffffffff1\r\n", 400), ("100000001\r\n", 400), ("fffffff\r\n", 413),
        (String(repeating: "0", count: 2_000), 400), ("1;" + String(repeating: "x", count: 2_000), 400),
        ("0\r\nX\r\n\r\n", 400), ("0\r\nX : y\r\n\r\n", 400), ("0\r\nX: \0\r\n\r\n", 400), ("0\r\nX: y\n\r\n", 400),
        ("0\r\n" + String(repeating: "X: y\r\n", count: 400), 431),
        (String(repeating: "1;" + String(repeating: "x", count: 900) + "\r\na\r\n", count: 6), 400),
    ]

    @Test func `what nobody can tell the end of is refused, and what follows it is not read`() async throws {
        try await TestServer.run { (server) async throws in
            let chunked = Self.brokenChunks.map { (Self.beacon("Transfer-Encoding: chunked\r\n") + $0, $1) }
            for (index, (text, status)) in (Self.refused + chunked).enumerated() {
                let client = try server.client()
                client.send(text + TestClient.text("GET", "/health"))
                let answer = try client.response()
                #expect(answer.status == status && answer.headers["connection"] == "close", "\(text.debugDescription)")
                #expect(client.isEnded() && server.server.verdict.invalid == index + 1, "\(text.debugDescription)")
            }
            #expect(server.log.lastSequence == 0)
        }
    }

    @Test(arguments: [
        beacon("Content-Length: 0\(body.utf8.count)\r\n") + body,
        beacon("CONTENT-LENGTH:\t\(body.utf8.count) \t\r\n") + body,
        "\r\n" + beacon("Content-Length: \(body.utf8.count)\r\n") + body,
        beacon("Content-Length: \(body.utf8.count)\r\n", host: "Host:\r\n") + body,
        beacon("Content-Length: \(body.utf8.count)\r\n", host: "Host: [::1]:7070\r\n") + body,
        beacon("Content-Length: \(body.utf8.count)\r\nX: \u{E9}\r\nY:\r\n") + body,
        "POST http://a.example:80/b?x=y HTTP/1.1\r\nHost: b\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body,
        "POST HTTPS://A.example/b HTTP/1.1\r\nHost: b\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body,
        beacon("Transfer-Encoding:  Chunked\t\r\n") + "000000000000000\(chunk)\r\n\(body)\r\n00\r\n\r\n",
        beacon("Transfer-Encoding: chunked\r\n") + "\(chunk);a;b=c;d=\"e f\"\r\n\(body)\r\n0;x\r\n\r\n",
        beacon("Transfer-Encoding: chunked\r\n")
            + "\(chunk) ; a=b\r\n\(body)\r\n0\r\nX: y\r\nContent-Length: 5\r\n\r\n",
    ])
    func `what has one meaning only is understood, and the next request too`(_ text: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(text + TestClient.text("GET", "/health"))
            #expect(try client.response().status == 204)
            #expect(try client.response().status == 200)
            #expect(try server.onlyEvent().eventType == "a")
        }
    }

    @Test func `HTTP 1.0 needs no Host, is not told to continue, and ends`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(
                "POST /b HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: \(Self.body.utf8.count)\r\n\r\n"
                    + Self.body)
            #expect(try client.response().status == 204)
            #expect(client.isEnded())
        }
    }

    @Test func `a refused request whose body was read leaves the connection in step`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let hidden = TestClient.text("GET", "/health")
            for path in ["/none", "/health", "/api/v1/track", "/api/v1/track/stream"] {
                let type = ["X-API-Key": "pk_live_public", "Content-Type": "text/html"]
                client.send(TestClient.text("POST", path, headers: type, body: hidden))
                let status = try client.response().status
                #expect([404, 405, 415].contains(status))
            }
            #expect(try client.request("GET", "/metrics").status == 200)
        }
    }

    @Test(arguments: [
        ("GET", "/health"), ("OPTIONS", "/b"), ("GET", "/metrics"), ("PUT", "/b"), ("GET", "/api/v1/track/stream"),
    ])
    func `a request that needs no body may not bring a large one`(_ method: String, _ path: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n{")
            #expect(try client.response().status == 413)
            #expect(client.isEnded())
        }
    }

    @Test func `100 is sent only where the body is awaited, and in its turn`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let head = Self.beacon("Expect: 100-continue\r\nContent-Length: \(Self.body.utf8.count)\r\n")
            client.send(head + Self.body)
            #expect(try client.response().status == 204)
            client.send(Self.beacon("Expect: 100-continue\r\nContent-Length: 0\r\n"))
            #expect(try client.response().status == 400)
            client.send(Self.beacon("Content-Length: \(Self.body.utf8.count)\r\n") + Self.body + head)
            #expect(try client.response().status == 204)
            #expect(try client.response().status == 100)
            client.send(Self.body)
            #expect(try client.response().status == 204)
            let refused = "POST /b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: text/html\r\n"
            client.send(refused + "Content-Length: \(Self.body.utf8.count)\r\n\r\n" + Self.body)
            #expect(try client.response().status == 415)
            #expect(client.isEnded())
        }
    }

    @Test func `everything asked before the other side stopped sending is answered`() async throws {
        try await TestServer.run { options in
            options.bounds.pipelinedRequests = 4
        } body: { (server) async throws in
            let request = Self.beacon("Content-Length: \(Self.body.utf8.count)\r\n") + Self.body
            let client = try server.client()
            client.send(String(repeating: request, count: 300) + request.dropLast(3))
            client.endSending()
            for _ in 0..<300 { #expect(try client.response().status == 204) }
            #expect(client.isEnded())
            #expect(try server.events().count == 300)
        }
    }
}
