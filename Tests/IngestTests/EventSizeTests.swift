import EventModel
import Foundation
import Testing

@testable import Ingest

/// How large one event may be, however it comes, and what a body may cost before its sender is known.
@Suite(.timeLimit(.minutes(2))) struct EventSizeTests {
    private static let small = #"{"event_type": "small"}"#

    /// An event of so many bytes.
    private static func event(_ bytes: Int) -> String {
        let start = #"{"event_type": "large", "metadata": {"m": ""#
        return start + String(repeating: "m", count: bytes - start.utf8.count - 3) + "\"}}"
    }

    @Test(arguments: ["gzip", "zstd", ""])
    func `an event over its limit is refused with its place in the batch, which keeps the others`(
        _ encoding: String
    ) async throws {
        try await TestServer.run { (server) async throws in
            let limit = server.options.bounds.eventBodyBytes
            // Without the limit the last would be more than a record of the log can be.
            for (size, isTaken) in [(limit, true), (limit + 1, false), (17 << 20, false)] {
                guard size < 5 << 20 || !encoding.isEmpty else { continue }
                let body = Packing.packed(
                    encoding, #"{"events": [\#(Self.small), \#(Self.event(size)), \#(Self.small)]}"#)
                let headers = ["X-API-Key": TestServer.publicKey, "Content-Encoding": encoding]
                let answer = try server.client().request("/api/v1/track/batch", headers: headers, bytes: body)
                #expect(answer.status == 202 && answer.json["accepted"] as? Int == (isTaken ? 3 : 2))
                let rejected = answer.json["rejected"] as? [[String: Any]]
                #expect(rejected?.map { $0["index"] as? Int } == (isTaken ? [] : [1]))
                #expect(isTaken || (rejected?.first?["error"] as? String)?.contains("\(limit) bytes") == true)
                #expect(isTaken || answer.verdict?.contains("invalid=1") == true)
            }
        }
    }

    @Test(arguments: [("/api/v1/track", 1 << 20), ("/api/v1/track/batch", 20 << 20), ("/b", 64 << 10)])
    func `a packed body may unpack to what its endpoint takes, and to no byte more`(
        _ path: String, _ limit: Int
    ) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let body = path.hasSuffix("batch") ? #"{"events": [\#(Self.small)]}"# : Self.small
            for encoding in ["gzip", "zstd"] {
                let headers = ["X-API-Key": TestServer.publicKey, "Content-Encoding": encoding]
                for (size, isTaken) in [(limit, true), (limit + 1, false)] {
                    let whole = body + String(repeating: " ", count: size - body.utf8.count)
                    let packed = Packing.packed(encoding, whole)
                    let answer = try client.request(path, headers: headers, bytes: packed)
                    #expect(answer.status == (isTaken ? (path == "/b" ? 204 : 202) : 413))
                    #expect(answer.verdict?.contains(isTaken ? "accepted=1" : "invalid=1") == true)
                    #expect(isTaken || answer.json["reason"] as? String == "body_too_large")
                }
            }
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `of a packed body without a key in the head only the start is unpacked to find it`(
        _ encoding: String
    ) async throws {
        try await TestServer.run { (server) async throws in
            let many = Array(repeating: Self.small, count: 900).joined(separator: String(repeating: " ", count: 200))
            let events = #""events": [\#(many.replacingOccurrences(of: "} ", with: "}, "))]"#
            let key = #""key": "pk_live_public""#
            let headers = ["Content-Encoding": encoding]
            func post(_ body: String, cut: Int = 0) throws -> TestClient.Response {
                let packed = Packing.packed(encoding, body).dropLast(cut)
                return try server.client().request("/api/v1/track/batch", headers: headers, bytes: Array(packed))
            }
            #expect(try post("{\(key), \(events)}").verdict?.hasPrefix("accepted=900;") == true)
            #expect(try post("{\(events), \(key)}").status == 401)
            #expect(try post("{\(events)}").status == 401)
            // Nobody looks whether it is whole.
            let cut = try post("{\(events)}", cut: 3)
            #expect(cut.status == 401 && cut.json["reason"] as? String == "no_key")
            #expect(try post("{\(key), \(events)}", cut: 3).status == 400)
            #expect(try post(#"{"key": "pk_live_other", \#(events)}"#, cut: 3).status == 401)
            #expect(try post(#"{"key" "pk", \#(events)}"#).status == 400)
            #expect(try post(#"{"events": [\#(Self.small)], \#(key)}"#).status == 202)
            // Wherever the start ends, also within a character.
            for text in ["😀", #"\ud83d\ude00"#, "true,", "-1.5e-7,"] {
                for shift in 0..<text.utf8.count {
                    let row = String(repeating: text, count: 20_000)
                    let member = text.hasSuffix(",") ? "[\(row)0]" : "\"\(row)\""
                    let body = String(repeating: " ", count: shift) + "{\"x\": \(member), \(events)}"
                    #expect(try post(body).json["reason"] as? String == "no_key", "\(text) \(shift)")
                }
            }
        }
    }

    @Test(arguments: [("{\"event_type\": \"a\", ", "}"), ("{\"event_type\": \"a\", \"session\": {", "}}")])
    func `an event may hold 1,024 members that are not known, and its reader keeps no room for more`(
        _ start: String, _ end: String
    ) throws {
        func event(_ count: Int) -> String {
            start + Array(repeating: #""":0"#, count: count).joined(separator: ",") + end
        }
        #expect(try EventRulesTests.refusal(event(1_024)) == nil)
        let refusal = try #require(try EventRulesTests.refusal(event(1_025)))
        #expect(refusal.reason == .tooLong && refusal.byte == event(1_024).utf8.count - end.utf8.count + 2)
        var scan = EventScan()
        for (count, isRefused) in [(200_000, true), (1, false)] {
            try Array(event(count).utf8).withUnsafeBytes { bytes in
                var scanner = JSONScanner(bytes, maximumDepth: JSONScanner.deepestLimit)
                try scan.read(&scanner)
                try scanner.finish()
            }
            #expect((scan.refusal != nil) == isRefused)
            #expect(scan.unknown.capacity < 4_096)
        }
    }

    @Test func `a large window of zstd is given back behind its body, a small one kept for the next`() throws {
        let unpackers = BodyUnpackers()
        func unpack(_ body: [UInt8]) throws {
            try body.withUnsafeBytes { try unpackers.unpack($0, .zstd, limit: 20 << 20) { #expect($0.count > 0) } }
        }
        try unpack(Packing.packed("zstd", Self.small))
        #expect(unpackers.memoryBytes > 0)
        try unpack(Packing.zstd(Array(repeating: 32, count: 9 << 20), windowLog: 23))
        #expect(unpackers.memoryBytes < 2 << 20)
        try unpack(Packing.packed("zstd", Self.small))
    }

    @Test func `a body in tiny chunks is added to where it is`() async throws {
        try await TestServer.run {
            $0.loops = 1
        } body: { (server) async throws in
            let loop = server.server.loops[0]
            let client = try server.client()
            var places: [Int] = []
            /// Waits until so many bytes are there, and notes where.
            func note(_ count: Int) async throws {
                for _ in 0..<5_000 {
                    let found = try await loop.eventLoop.submit { () -> (count: Int, place: Int)? in
                        let connection = loop.allConnections.lazy.compactMap { $0 as? HTTPConnection }.first
                        return connection?.chunks.bytes.withUnsafeBytes { ($0.count, Int(bitPattern: $0.baseAddress)) }
                    }.get()
                    if let found, found.count == count {
                        places.append(found.place)
                        return
                    }
                    try await Task.sleep(for: .milliseconds(1))
                }
                throw TestFailure("\(count) bytes did not come")
            }
            client.send("POST /api/v1/track/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send("100001\r\n" + String(repeating: " ", count: 0x100001) + "\r\n")
            try await note(0x100001)
            places = []
            for count in 1...40 {
                client.send("1\r\n \r\n")
                try await note(0x100001 + count)
            }
            // Room for more is made now and then, not for each.
            #expect(zip(places, places.dropFirst()).filter(!=).count <= 1)
        }
    }
}
