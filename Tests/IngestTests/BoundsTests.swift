import EventModel
import Foundation
import Synchronization
import Testing
import WriteAheadLog

@testable import Ingest

/// What senders may use up, and that some who use it all up lock nobody out.
@Suite(.timeLimit(.minutes(2))) struct BoundsTests {
    static let event = AnswersTests.event
    static let ok = TestClient.text("POST", "/b", headers: TestServer.json, body: event)

    @Test func `a request that comes byte by byte has the time of one request`() async throws {
        try await TestServer.run { options in
            options.bounds.headTimeout = .milliseconds(100)
            options.bounds.bodyTimeout = .milliseconds(100)
        } body: { (server) async throws in
            let slowHead = try server.client()
            for byte in Self.ok.utf8.prefix(70) {
                slowHead.send([byte])
                try await Task.sleep(for: .milliseconds(3))
            }
            #expect(try slowHead.response().status == 408)
            let slowBody = try server.client()
            slowBody.send("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            for _ in 0..<80 {
                slowBody.send("{")
                try await Task.sleep(for: .milliseconds(3))
            }
            #expect(try slowBody.response().status == 408)
            let slowChunks = try server.client()
            slowChunks.send("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<80 {
                slowChunks.send("1\r\n{\r\n")
                try await Task.sleep(for: .milliseconds(3))
            }
            #expect(try slowChunks.response().status == 408)
        }
    }

    @Test(arguments: ["http", "http_stream", "stream"])
    func `one who never takes his answers is not waited for`(_ way: String) async throws {
        try await TestServer.run { options in
            options.bounds.writeTimeout = .milliseconds(100)
        } body: { (server) async throws in
            let isSocket = way == "stream"
            let client = isSocket ? try TestClient(path: server.options.streamSocket) : try server.client()
            let metrics = String(repeating: TestClient.text("GET", "/metrics"), count: 1_000)
            let lines = String(repeating: "[]\n", count: 20_000)
            if isSocket { client.send(StreamTests.hello) }
            if way == "http_stream" { client.send(HTTPStreamTests.head()) }
            // More than all buffers hold: it ends only because the daemon ends the connection.
            let piece = way == "http" ? metrics : isSocket ? lines : HTTPStreamTests.chunk(lines)
            let bytes = Array(piece.utf8)
            let sender = onThread { for _ in 0..<100_000 where client.sends(bytes) {} }
            await sender.value
            #expect(!client.sends(bytes))
            #expect(try server.post(Self.event).status == 202)
        }
    }

    @Test func `large requests that do not end leave room for small ones, and more large ones are a 503`() async throws
    {
        try await TestServer.run { options in
            options.bounds.bufferedBytes = 150_000
            options.loops = 1
        } body: { (server) async throws in
            let large = { (client: TestClient) in
                client.send(
                    "POST /api/v1/track/batch HTTP/1.1\r\nHost: a\r\nX-API-Key: pk_live_public\r\n"
                        + "Content-Length: 1000000\r\n\r\n" + String(repeating: "x", count: 100_000))
            }
            let holding = try server.client()
            large(holding)
            while try await server.server.bufferedBytes() < 100_000 { try await Task.sleep(for: .milliseconds(1)) }
            let other = try server.client()
            large(other)
            let refused = try other.response()
            #expect(refused.status == 503 && refused.headers["retry-after"] == "1")
            let stream = try TestClient(path: server.options.streamSocket)
            stream.send(StreamTests.hello + String(repeating: "x", count: 100_000))
            #expect(stream.allLines().failures.count == 1)
            let small = try server.client()
            small.send(Array(Self.ok.utf8.dropLast(3)))
            while try await server.server.bufferedBytes() < 100_100 { try await Task.sleep(for: .milliseconds(1)) }
            small.send(Array(Self.ok.utf8.suffix(3)))
            #expect(try small.response().status == 204)
            holding.send(String(repeating: "x", count: 60_000))
            #expect(try holding.response().status == 503)
            #expect(try await server.server.bufferedBytes() == 0)
        }
    }

    @Test func `both the chunks and what they held count as unfinished`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(
                "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"
                    + String(repeating: "x", count: 4_000))
            while try await server.server.bufferedBytes() < 8_000 { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    @Test func `connections that bring nothing make room for those that do`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { options in
            options.bounds.connections = 6
            options.bounds.uselessTimeout = .milliseconds(50)
        } body: { (server) async throws in
            let stream = try TestClient(path: server.options.streamSocket)
            stream.send(StreamTests.hello)
            let proxy = try TestClient(path: server.options.unixSocket)
            #expect(try proxy.request("GET", "/health").status == 200)
            let waiting = try server.client()
            waiting.send(Self.ok)
            try await log.waitForSequence(1)
            // Idle, in the middle of a head, of a body, of a stream.
            let useless = try ["", "POST /b HT", "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"].map {
                let client = try server.client()
                client.send($0)
                return client
            }
            var more: [TestClient] = []
            for _ in 0..<12 {
                let client = try server.client()
                #expect(try client.request("GET", "/health").status == 200)
                more.append(client)
            }
            for client in useless { #expect(client.isEnded()) }
            log.makeDurable()
            #expect(try waiting.response().status == 204)
            stream.send(HTTPStreamTests.line)
            try await log.waitForSequence(2)
            log.makeDurable()
            #expect(stream.line() == "{\"acked\": 1}")
            #expect(try proxy.request("GET", "/health").status == 200)
        }
    }

    @Test func `a flood of bad requests and of connections lets good ones through`() async throws {
        try await TestServer.run { options in
            options.bounds.connections = 32
            options.bounds.uselessTimeout = .milliseconds(150)
            options.bounds.headTimeout = .milliseconds(500)
            options.bounds.idleTimeout = .milliseconds(500)
        } body: { (server) async throws in
            let port = server.port
            let isOver = Mutex(false)
            let floods = ["nonsense\r\n\r\n", "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", "POST", ""]
                .map { text in
                    onThread {
                        var held: [TestClient] = []
                        while !isOver.withLock({ $0 }) {
                            guard let client = try? TestClient(port: port) else { continue }
                            client.send(text)
                            held.append(client)
                            guard held.count > 10 else { continue }
                            _ = held.removeFirst().allLines()
                        }
                    }
                }
            defer { isOver.withLock { $0 = true } }
            for _ in 0..<20 {
                let client = try server.client()
                #expect(try client.request("POST", "/b", headers: TestServer.json, body: Self.event).status == 204)
            }
            isOver.withLock { $0 = true }
            for flood in floods { await flood.value }
            #expect(try server.events().count == 20)
        }
    }

    @Test func `the files that a process may have open leave room for its connections`() {
        #expect(OpenFiles.makeRoom(forConnections: 300) == 300)
        #expect((1...100_000_000).contains(OpenFiles.makeRoom(forConnections: 100_000_000)))
    }
}
