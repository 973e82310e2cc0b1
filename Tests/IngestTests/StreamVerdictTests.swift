import EventModel
import Testing
import WriteAheadLog

@testable import Ingest

/// Streamed requests of which nothing was taken: what they are told, and that the same is counted.
@Suite struct StreamVerdictTests {
    typealias Stream = HTTPStreamTests

    private static func verdict(invalid: Int = 0, unavailable: Int) -> String {
        "accepted=0; duplicate=0; bot=0; invalid=\(invalid); limited=0; unavailable=\(unavailable)"
    }

    private func expectUnavailable(
        _ client: TestClient, _ server: TestServer, invalid: Int = 0, unavailable: Int = 1
    ) throws {
        let answer = try client.response()
        #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
        #expect(answer.verdict == Self.verdict(invalid: invalid, unavailable: unavailable))
        let verdict = server.server.verdict
        #expect(verdict.unavailable == unavailable && verdict.received == unavailable + invalid)
        #expect(client.isEnded())
    }

    @Test(arguments: [true, false])
    func `where the log takes none of the lines the request is a 503`(_ isForwarded: Bool) async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            log.refuse(with: LogError(.full, "no room"))
            let client = isForwarded ? try TestClient(path: server.options.unixSocket) : try server.client()
            client.send(
                TestClient.text("POST", Stream.path, headers: Stream.key, body: Stream.line + "{}\n" + Stream.line))
            try expectUnavailable(client, server, invalid: 1, unavailable: 2)
        }
    }

    @Test func `where the log loses all lines before any answer began the request is a 503`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try TestClient(path: server.options.unixSocket)
            client.send(Stream.head() + Stream.chunk(Stream.line + Stream.line))
            try await log.waitForSequence(2)
            client.send(Stream.chunk("{}\n" + Stream.line))
            try await log.waitForSequence(3)
            log.fail(1...3)
            try expectUnavailable(client, server, invalid: 1, unavailable: 3)
        }
    }

    @Test func `where the log took some of the lines the end of the answer tells of the others`() async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try TestClient(path: server.options.unixSocket)
            client.send(Stream.head() + Stream.chunk(Stream.line))
            try await log.waitForSequence(1)
            log.makeDurable()
            while server.server.verdict.accepted == 0 { try await Task.sleep(for: .milliseconds(1)) }
            log.refuse(with: LogError(.full, "no room"))
            client.send(Stream.chunk("{}\n" + Stream.line) + "0\r\n\r\n")
            #expect(try client.response().status == 200)
            let answer = client.streamed()
            #expect(answer.acked == 1 && answer.refused == [2] && answer.failures.count == 1)
            let verdict = server.server.verdict
            #expect(verdict.accepted == 1 && verdict.invalid == 1 && verdict.unavailable == 1)
        }
    }

    @Test func `a request for whose lines there is no room is unavailable`() async throws {
        try await TestServer.run { options in
            options.bounds.bufferedBytes = 100_000
        } body: { (server) async throws in
            let client = try TestClient(path: server.options.unixSocket)
            client.send(Stream.head() + Stream.chunk(String(repeating: "x", count: 150_000)))
            try expectUnavailable(client, server)
        }
    }

    @Test func `a request that a stop ends before its first line is unavailable`() async throws {
        try await TestServer.run { options in
            options.bounds.drainTimeout = .seconds(60)
        } body: { (server) async throws in
            let client = try TestClient(path: server.options.unixSocket)
            client.send(Stream.head() + Stream.chunk("{"))
            // All but the line's beginning was taken.
            while try await server.server.bufferedBytes() != 1 { try await Task.sleep(for: .milliseconds(1)) }
            let stopping = Task { await server.server.stop() }
            while try await !server.server.isDraining() { await Task.yield() }
            try expectUnavailable(client, server)
            await stopping.value
        }
    }

    @Test func `a stream through a proxy ends where more lines were refused than can be held back`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestClient(path: server.options.unixSocket)
            let bad = String(repeating: "{}\n", count: 4_000)
            client.send(Stream.head() + Stream.chunk(Stream.line + bad))
            #expect(try client.response().status == 200)
            let answer = client.streamed()
            #expect(answer.failures.count == 1 && answer.failures[0].contains("too many lines were refused"))
            #expect(answer.refused == Array(2...answer.acked) && answer.acked > 100)
            #expect(client.isEnded())
            let verdict = server.server.verdict
            #expect(verdict.accepted == 1 && verdict.invalid == answer.acked - 1 && verdict.unavailable == 1)
        }
    }
}
