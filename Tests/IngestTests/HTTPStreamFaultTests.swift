import EventModel
import Foundation
import Synchronization
import Testing
import WriteAheadLog

@testable import Ingest

/// Streamed requests that stop, break, or want too much.
@Suite struct HTTPStreamFaultTests {
    typealias Stream = HTTPStreamTests

    @Test func `a body that stops coming is ended, one that comes slowly is not`() async throws {
        try await TestServer.run { options in
            options.bounds.idleTimeout = .milliseconds(400)
            options.bounds.bodyTimeout = .milliseconds(1)
        } body: { (server) async throws in
            let client = try server.client()
            client.send(Stream.head())
            #expect(try client.response().status == 200)
            for _ in 0..<10 {
                client.send(Stream.chunk(Stream.line))
                #expect(client.chunk() != nil)
                try await Task.sleep(for: .milliseconds(60))
            }
            client.send(Stream.chunk("{\"event_type\""))
            let answer = client.streamed()
            #expect(answer.failures.count == 1 && answer.failures[0].contains("nothing came"))
            #expect(client.isEnded())
            #expect(server.server.verdict.accepted == 10 && server.server.verdict.invalid == 1)
        }
    }

    @Test func `a first line that does not come is a 408`() async throws {
        try await TestServer.run { options in
            options.bounds.headTimeout = .milliseconds(60)
        } body: { (server) async throws in
            let client = try server.client()
            client.send(Stream.head([:]) + Stream.chunk("{\"key\": "))
            #expect(try client.response().status == 408)
            #expect(client.isEnded())
        }
    }

    @Test(arguments: [true, false])
    func `a body cut short is answered for its whole lines, and the cut one is no event`(
        _ chunked: Bool
    ) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let text = Stream.line + "{\"event_type\": \"cut\"}"
            client.send(
                chunked
                    ? Stream.head() + Stream.chunk(text)
                    : Stream.head(["X-API-Key": TestServer.publicKey, "Content-Length": "1000"], chunked: false) + text)
            client.endSending()
            #expect(try client.response().status == 200)
            let answer = client.streamed()
            #expect(answer.acked == 1 && answer.failures.count == 1)
            #expect(try server.onlyEvent().eventType == "a")
            #expect(server.server.verdict.invalid == 1)
        }
    }

    @Test(arguments: ["zz\r\n", "-1\r\n", "\r\n", "5 \r\n", "1\n", "fffffffff\r\n", "1;\u{1}\r\n"])
    func `a broken chunk ends the stream behind its whole lines`(_ broken: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            client.send(Stream.head() + Stream.chunk(Stream.line) + broken)
            #expect(try client.response().status == 200)
            let answer = client.streamed()
            #expect(answer.acked == 1 && answer.failures.count == 1)
            #expect(client.isEnded())
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `packed lines that are damaged, cut short or followed by something end the stream`(
        _ encoding: String
    ) async throws {
        try await TestServer.run { (server) async throws in
            let whole = Packing.packed(encoding, Stream.line)
            let headers = ["X-API-Key": TestServer.publicKey, "Content-Encoding": encoding]
            for body in [whole + Array("more".utf8), Array(whole.dropLast(2))] {
                let client = try server.client()
                #expect(try client.request(Stream.path, headers: headers, bytes: body).status == 200)
                let answer = client.streamed()
                #expect(answer.acked == 1 && answer.failures.count == 1)
                #expect(client.isEnded())
            }
            let nonsense = [UInt8](repeating: 7, count: 40)
            let answer = try server.client().request(Stream.path, headers: headers, bytes: nonsense)
            #expect(answer.status == 400 && answer.json["reason"] as? String == "content_encoding")
            #expect(answer.json["byte"] as? Int != nil)
            #expect(server.server.verdict.accepted == 2 && server.server.verdict.invalid == 3)
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `a hundred thousand packed lines arrive once each and in order`(_ encoding: String) async throws {
        try await TestServer.run { (server) async throws in
            var text = ""
            for index in 0..<100_000 { text += "{\"event_type\": \"a\", \"user_id\": \"\(index)\"}\n" }
            let headers = ["X-API-Key": TestServer.secretKey, "Content-Encoding": encoding]
            let client = try server.client()
            let body = Packing.packed(encoding, text)
            #expect(try client.request(Stream.path, headers: headers, bytes: body).status == 200)
            #expect(client.streamed().acked == 100_000)
            #expect(try server.events().compactMap { $0.userID.flatMap { Int($0) } } == Array(0..<100_000))
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `a packed line without end is given up, and nothing of it is kept`(_ encoding: String) async throws {
        try await TestServer.run { (server) async throws in
            let long = Stream.line + String(repeating: "x", count: 30 << 20)
            let headers = ["X-API-Key": TestServer.publicKey, "Content-Encoding": encoding]
            let client = try server.client()
            let body = Packing.packed(encoding, long)
            #expect(try client.request(Stream.path, headers: headers, bytes: body).status == 200)
            let answer = client.streamed()
            #expect(answer.acked == 2 && answer.refused == [2] && answer.failures.count == 1)
            #expect(try server.onlyEvent().eventType == "a")
            #expect(client.isEnded())
        }
    }

    @Test func `a stop acknowledges what was read and says that it stops`() async throws {
        let log = SteeredLog()
        let change: (inout IngestOptions) -> Void = { $0.bounds.drainTimeout = .seconds(60) }
        try await TestServer.run(log: log, change: change) { (server) async throws in
            let client = try server.client()
            client.send(Stream.head() + Stream.chunk(Stream.line))
            #expect(try client.response().status == 200)
            try await log.waitForSequence(1)
            let stopping = Task { await server.server.stop() }
            while try await !server.server.isDraining() { await Task.yield() }
            log.makeDurable()
            let answer = client.streamed()
            #expect(answer.acked == 1 && answer.failures.count == 1)
            #expect(client.isEnded())
            await stopping.value
            #expect(server.server.verdict.accepted == 1 && server.server.verdict.received == 1)
        }
    }

    @Test(arguments: [true, false])
    func `a key revoked while its stream is open ends it behind what was taken`(_ overHTTP: Bool) async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = overHTTP ? try server.client() : try TestClient(path: server.options.streamSocket)
            client.send(
                overHTTP ? Stream.head() + Stream.chunk(Stream.line) : StreamTests.hello + Stream.line)
            if overHTTP { #expect(try client.response().status == 200) }
            try await log.waitForSequence(1)
            try TestServer.write(ProjectSnapshot(version: 2, projects: []), to: server.options.snapshotFile)
            server.server.tick()
            // The sender sends nothing more: the stream ends all the same.
            while server.server.verdict.invalid == 0 { try await Task.sleep(for: .milliseconds(1)) }
            log.makeDurable()
            let answer = overHTTP ? client.streamed() : client.allLines()
            #expect(answer.acked == 1 && answer.failures == ["the key is unknown or was revoked"])
            #expect(client.isEnded())
        }
    }
}
