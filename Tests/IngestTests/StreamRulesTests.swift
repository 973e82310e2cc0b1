import EventModel
import Foundation
import Testing

@testable import Ingest

/// What a line of a stream may be, and how lines are numbered.
@Suite struct StreamRulesTests {
    private static let good = "{\"event_type\": \"a\"}"

    /// The text behind the key's line; which lines are refused, and the number last acknowledged.
    static let rows: [(String, [Int], Int)] = [
        ("\(good)\n\(good)\n", [], 2), ("\(good)\n\(good)", [], 2), ("\(good)\r\n\(good)\r\n", [], 2),
        ("\n\(good)\n", [1], 2), ("\(good)\n\n\n\(good)\n", [2, 3], 4), ("\r\n\(good)\n", [1], 2), (" \n", [1], 1),
        ("\(good)\n\n", [2], 2), ("  \(good)\t\n", [], 1), ("\(good) \(good)\n\(good)\n", [1], 2), ("[]\n", [1], 1),
        ("\(good.dropLast())\n\(good)\n", [1], 2), ("null\n\(good)\n", [1], 2), ("\u{FEFF}\(good)\n", [1], 1),
        ("{\"key\": \"sk_live_secret\"}\n\(good)\n", [1], 2), ("", [], 0),
        ("{\"event_type\": \"a\", \"key\": \"x\"}\n", [], 1),
        ("\(good)\n" + String(repeating: "x", count: 301) + "\n\(good)\n", [2], 3),
        (String(repeating: "x", count: 100_000), [1], 1), (String(repeating: "x", count: 100_000) + "\n", [1], 1),
        ("{\"event_type\": \"" + String(repeating: "x", count: 282) + "\"}\n\(good)\n", [1], 2),
        ("\(good)" + String(repeating: " ", count: 300 - good.utf8.count) + "\n\(good)\n", [], 2),
    ]

    @Test(arguments: rows, [false, true])
    func `each line has its number and its answer`(
        _ row: (text: String, refused: [Int], acked: Int), _ overHTTP: Bool
    ) async throws {
        try await TestServer.run { options in
            options.bounds.eventBodyBytes = 300
        } body: { (server) async throws in
            let answer: StreamedAnswer
            if overHTTP {
                let client = try server.client()
                let headers = ["X-API-Key": TestServer.secretKey]
                #expect(
                    try client.request("POST", HTTPStreamTests.path, headers: headers, body: row.text).status == 200)
                answer = client.streamed()
            } else {
                let client = try TestClient(path: server.options.streamSocket)
                client.send(StreamTests.hello + row.text)
                client.endSending()
                answer = client.allLines()
            }
            #expect(answer.refused == row.refused && answer.acked == row.acked && answer.failures.isEmpty)
            #expect(server.server.verdict.invalid == row.refused.count)
            #expect(server.server.verdict.received == row.acked)
            #expect(try server.events().count == row.acked - row.refused.count)
        }
    }

    @Test(arguments: [
        ("{\"key\": \"sk_live_secret\"}\r\n", true), ("  {\"key\":\"sk_live_secret\"}  \n", true),
        ("{\"k\\u0065y\": \"sk_live\\u005fsecret\"}\n", true), ("{\"key\": \"pk_live_public\"}\n", true),
        ("\n{\"key\": \"sk_live_secret\"}\n", false), ("{\"key\": \"sk_live_secret\"} {}\n", false),
        ("{\"key\": \"sk_live_secret\", \"event_type\": \"a\"}\n", false), ("{\"key\": 5}\n", false), ("{}\n", false),
        ("{\"key\": \"sk_live_secret\", \"key\": \"sk_live_secret\"}\n", false), ("[]\n", false),
        ("{\"key\": \"\"}\n", false), ("sk_live_secret\n", false), ("{\"event_type\": \"a\"}\n", false),
        ("{\"key\": \"" + String(repeating: "x", count: 20_000), false),
    ])
    func `the first line is the key and nothing else`(_ first: String, _ isKey: Bool) async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestClient(path: server.options.streamSocket)
            client.send(first + (first.utf8.last == 10 ? Self.good + "\n" : ""))
            if isKey {
                #expect(client.line() == "{\"acked\": 1}")
            } else {
                let answer = client.allLines()
                #expect(answer.failures.count == 1 && answer.acked == 0)
            }
            #expect(server.server.verdict.accepted == (isKey ? 1 : 0))
            #expect(server.server.verdict.invalid == (isKey ? 0 : 1))
        }
    }

    @Test func `a refusal names the field, and a stream without a key in time ends`() async throws {
        try await TestServer.run { options in
            options.bounds.headTimeout = .milliseconds(80)
        } body: { (server) async throws in
            let client = try TestClient(path: server.options.streamSocket)
            client.send(StreamTests.hello + "{\"event_type\": \"a\", \"user_id\": 5}\n")
            #expect(client.line()?.contains("\"line\":1,\"field\":\"user_id\",\"error\":") == true)
            let silent = try TestClient(path: server.options.streamSocket)
            #expect(silent.allLines().failures.count == 1)
        }
    }

    @Test func `a line that comes byte by byte over many reads is one line`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try TestClient(path: server.options.streamSocket)
            for byte in (StreamTests.hello + Self.good + "\n").utf8 { client.send([byte]) }
            #expect(client.line() == "{\"acked\": 1}")
        }
    }
}
