import EventModel
import Foundation
import Synchronization
import Testing
import WriteAheadLog

@testable import Ingest

/// How connections are kept, bounded and ended.
@Suite struct ConnectionTests {
    static let event = AnswersTests.event
    static let request = TestClient.text("POST", "/api/v1/track", headers: TestServer.json, body: event)

    @Test func `a connection serves requests one after the other`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            for _ in 0..<20 {
                #expect(try client.request("POST", "/b", headers: TestServer.json, body: Self.event).status == 204)
            }
            let last = try client.request(
                "POST", "/b", headers: ["X-API-Key": TestServer.publicKey, "Connection": "close"], body: Self.event)
            #expect(last.status == 204 && last.headers["connection"] == "close")
            #expect(client.isEnded())
        }
    }

    @Test func `pipelined requests are answered in their order, beyond the bound too`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            var text = ""
            for index in 0..<200 {
                text +=
                    index % 3 == 1
                    ? TestClient.text("GET", "/none\(index)")
                    : TestClient.text(
                        "POST", index % 3 == 0 ? "/b" : "/api/v1/track", headers: TestServer.json, body: Self.event)
            }
            client.send(text)
            for index in 0..<200 {
                #expect(try client.response().status == [204, 404, 202][index % 3])
            }
        }
    }

    @Test func `a request may come split at every byte`() async throws {
        try await TestServer.run { (server) async throws in
            let bytes = Array(Self.request.utf8)
            let client = try server.client()
            for split in 1..<bytes.count {
                client.send(Array(bytes[..<split]))
                if split % 8 == 0 { try await Task.sleep(for: .microseconds(200)) }
                client.send(Array(bytes[split...]))
                #expect(try client.response().status == 202)
            }
        }
    }

    @Test func `a body may come in chunks, split anywhere`() async throws {
        try await TestServer.run { (server) async throws in
            let head =
                "POST /api/v1/track HTTP/1.1\r\nHost: a\r\nX-API-Key: pk_live_public\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
            let (first, second) = (Self.event.prefix(9), Self.event.dropFirst(9))
            let text = head + "9\r\n\(first)\r\n" + String(second.utf8.count, radix: 16) + "\r\n\(second)\r\n0\r\n\r\n"
            let client = try server.client()
            for split in stride(from: 1, to: text.utf8.count, by: 5) {
                client.send(Array(text.utf8.prefix(split)))
                client.send(Array(text.utf8.dropFirst(split)))
                #expect(try client.response().status == 202)
            }
        }
    }

    @Test func `a client that waits for 100 gets it, or its refusal at once`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let size = Self.event.utf8.count
            client.send(
                "POST /b HTTP/1.1\r\nHost: a\r\nX-API-Key: pk_live_public\r\nExpect: 100-continue\r\n"
                    + "Content-Length: \(size)\r\n\r\n")
            #expect(try client.response().status == 100)
            client.send(Self.event)
            #expect(try client.response().status == 204)
            client.send("POST /b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 999999\r\n\r\n")
            #expect(try client.response().status == 413)
            #expect(client.isEnded())
        }
    }

    @Test(arguments: [
        ("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n", 400),
        ("POST /b HTTP/1.1\nHost: a\n\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n", 400),
        ("POST  /b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST /b HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("POST /b HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417),
        ("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x\u{1}y\r\na\r\n0\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400),
        ("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", 413),
    ])
    func `what could be read as two different requests is refused and ends the connection`(
        _ text: String, _ status: Int
    ) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(text)
            let answer = try client.response()
            #expect(answer.status == status)
            #expect(answer.headers["connection"] == "close")
            #expect(client.isEnded())
        }
    }

    @Test func `a head over 16 KiB is refused`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send("GET /health HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 16 << 10))
            #expect(try client.response().status == 431)
        }
    }

    @Test func `a slow head, a slow body and an idle connection are ended`() async throws {
        try await TestServer.run { options in
            options.bounds.headTimeout = .milliseconds(60)
            options.bounds.bodyTimeout = .milliseconds(60)
            options.bounds.idleTimeout = .milliseconds(150)
        } body: { (server) async throws in
            let head = try server.client()
            head.send("POST /b HTTP/1.1\r\nHost:")
            #expect(try head.response().status == 408)
            #expect(head.isEnded())
            let body = try server.client()
            body.send("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{")
            #expect(try body.response().status == 408)
            let idle = try server.client()
            #expect(idle.isEnded())
            #expect(server.server.verdict.invalid == 2)
        }
    }

    @Test func `over the bound of connections new ones wait in the backlog`() async throws {
        try await TestServer.run { options in
            options.bounds.connections = 2
        } body: { (server) async throws in
            var clients = [try server.client(), try server.client()]
            for client in clients { #expect(try client.request("GET", "/health").status == 200) }
            let waiting = try server.client()
            waiting.send(TestClient.text("GET", "/health"))
            clients.removeAll()
            #expect(try waiting.response().status == 200)
        }
    }

    @Test func `a stop answers what has begun, the last with close, and leaves nothing unanswered`() async throws {
        let log = SteeredLog()
        // As long as the machine may be busy with other tests.
        let change: (inout IngestOptions) -> Void = { $0.bounds.drainTimeout = .seconds(60) }
        try await TestServer.run(log: log, change: change) { (server) async throws in
            let waiting = try server.client()
            waiting.send(Self.request)
            try await log.waitForSequence(1)
            let partial = try server.client()
            #expect(try partial.request("GET", "/health").status == 200)
            partial.send(String(Self.request.dropLast(5)))
            while try await server.server.bufferedBytes() == 0 { await Task.yield() }
            let idle = try server.client()
            #expect(try idle.request("GET", "/health").status == 200)
            let stopping = Task { await server.server.stop() }
            while try await !server.server.isDraining() { await Task.yield() }
            partial.send(String(Self.request.suffix(5)))
            try await log.waitForSequence(2)
            log.makeDurable()
            for client in [waiting, partial] {
                let answer = try client.response()
                #expect(answer.status == 202 && answer.headers["connection"] == "close")
                #expect(client.isEnded())
            }
            #expect(idle.isEnded())
            await stopping.value
        }
    }

    @Test func `under load a stop loses no acknowledged event and counts none twice`() async throws {
        try await TestServer.run { (server) async throws in
            let port = server.port
            let accepted = Mutex(0)
            let senders = try (0..<4).map { _ in
                let client = try TestClient(port: port)
                return onThread {
                    for _ in 0..<100_000 {
                        client.send(Self.request)
                        guard let answer = try? client.response() else { return }
                        if answer.status == 202 { accepted.withLock { $0 += 1 } }
                        if answer.headers["connection"] == "close" { return }
                    }
                }
            }
            while server.server.verdict.accepted < 200 { try await Task.sleep(for: .milliseconds(1)) }
            await server.server.stop()
            for sender in senders { await sender.value }
            #expect(try server.events().count == accepted.withLock { $0 })
        }
    }

    @Test func `a taken port, a live socket and a broken directory are each one clear error`() async throws {
        try await TestServer.run { (server) async throws in
            var options = server.options
            options.http = "127.0.0.1:\(server.port)"
            func failure(_ options: IngestOptions) async -> IngestError? {
                do {
                    let other = try await IngestServer.start(options, log: SteeredLog(), logger: TestServer.quiet)
                    await other.stop()
                    return nil
                } catch { return error as? IngestError }
            }
            let taken = await failure(options)
            #expect(taken?.exitCode == .unavailable)
            #expect(taken?.description.contains(options.http) == true)
            options.http = "127.0.0.1:0"
            #expect(await failure(options)?.exitCode == .unavailable)
            options.unixSocket = server.directory + "/missing/ingest.sock"
            #expect(await failure(options)?.exitCode == .cannotCreate)
        }
    }

    @Test func `the socket of a dead process is replaced`() async throws {
        try await TestServer.run { options in
            let path = options.unixSocket
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            close(descriptor)
        } body: { (server) async throws in
            let client = try TestClient(path: server.options.unixSocket)
            #expect(try client.request("POST", "/b", headers: TestServer.json, body: Self.event).status == 204)
            var status = stat()
            #expect(stat(server.options.unixSocket, &status) == 0 && status.st_mode & 0o777 == 0o660)
        }
    }

    @Test func `the peer of the Unix socket is believed about the visitor`() async throws {
        try await TestServer.run { options in
            options.trustedProxies = TrustedProxies([])
        } body: { (server) async throws in
            var headers = TestServer.json
            headers["X-Forwarded-For"] = "203.0.113.5"
            let body = #"{"event_type": "a"}"#
            #expect(
                try TestClient(path: server.options.unixSocket).request("POST", "/b", headers: headers, body: body)
                    .status == 204)
            #expect(try server.post(body, headers: headers).status == 202)
            #expect(try server.post(body).status == 202)
            let hashes = try server.events().map(\.ipHash)
            #expect(hashes[0] != nil && hashes[0] != hashes[1] && hashes[1] == hashes[2])
        }
    }
}
