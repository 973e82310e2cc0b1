import Testing
import WriteAheadLog

@testable import Ingest

/// Streams through a proxy, which passes no more of a body on once an answer has begun.
@Suite struct ProxiedStreamTests {
    @Test(arguments: [true, false])
    func `a stream that came through a proxy is answered when it has ended`(_ overSocket: Bool) async throws {
        let log = SteeredLog()
        try await TestServer.run(log: log) { (server) async throws in
            let client = try overSocket ? TestClient(path: server.options.unixSocket) : server.client()
            var headers = HTTPStreamTests.key
            if !overSocket { headers["X-Forwarded-For"] = "203.0.113.1" }
            client.send(HTTPStreamTests.head(headers) + HTTPStreamTests.chunk(HTTPStreamTests.line))
            try await log.waitForSequence(1)
            log.makeDurable()
            client.send(HTTPStreamTests.chunk("{}\n" + HTTPStreamTests.line))
            try await log.waitForSequence(2)
            log.makeDurable()
            client.send("0\r\n\r\n")
            #expect(try client.response().status == 200)
            var lines: [String] = []
            while let chunk = client.chunk() { lines += chunk }
            #expect(lines.count == 2 && lines.last == "{\"acked\": 3}", "\(lines)")
            #expect(lines.first?.contains("\"line\":2") == true || lines.first?.contains("\"line\": 2") == true)
        }
    }
}
