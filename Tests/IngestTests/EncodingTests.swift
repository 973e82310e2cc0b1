import EventModel
import Foundation
import Testing

@testable import Ingest

/// Bodies that come packed: what they may be, and what becomes of those that are not.
@Suite struct EncodingTests {
    static let event = #"{"event_type": "packed", "user_id": "v_1"}"#
    static let batch = #"{"events": [\#(event), \#(event), {"event_type": 5}]}"#

    private func headers(_ encoding: String, key: String = TestServer.publicKey) -> [String: String] {
        ["X-API-Key": key, "Content-Encoding": encoding]
    }

    @Test(arguments: ["gzip", "x-gzip", "GZIP", "zstd", "Zstd", "identity", "Identity", ""])
    func `every endpoint takes a body in this encoding`(_ encoding: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let single = Packing.packed(encoding, Self.event)
            let many = Packing.packed(encoding, Self.batch)
            let headers = headers(encoding)
            #expect(try client.request("/api/v1/track", headers: headers, bytes: single).status == 202)
            let batch = try client.request("/api/v1/track/batch", headers: headers, bytes: many)
            #expect(batch.verdict == "accepted=2; duplicate=0; bot=0; invalid=1; limited=0; unavailable=0")
            #expect(try client.request("/b", headers: headers, bytes: single).status == 204)
            #expect(try client.request("/b", headers: headers, bytes: many).status == 204)
            let stream = try client.request("/api/v1/track/stream", headers: headers, bytes: single)
            #expect(stream.status == 200 && client.streamed().acked == 1)
            #expect(try server.events().count == 7)
        }
    }

    @Test(arguments: [["br"], ["deflate"], ["gzip, zstd"], ["gzip,identity"], ["gzip", "gzip"], ["x"]])
    func `any other encoding, and several, are a 415 that names those it may have`(_ values: [String]) async throws {
        try await TestServer.run { (server) async throws in
            for path in ["/api/v1/track", "/api/v1/track/batch", "/b", "/api/v1/track/stream"] {
                let client = try server.client()
                let lines = values.map { "Content-Encoding: \($0)\r\n" }.joined()
                client.send(
                    "POST \(path) HTTP/1.1\r\nHost: a\r\nX-API-Key: \(TestServer.publicKey)\r\n\(lines)"
                        + "Content-Length: 2\r\n\r\n{}")
                let answer = try client.response()
                #expect(answer.status == 415 && answer.json["reason"] as? String == "content_encoding")
                #expect(answer.headers["accept-encoding"] == "gzip, zstd")
                #expect(answer.verdict?.contains("invalid=1") == true)
            }
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `several members or frames are one body, anything else behind them is refused with its place`(
        _ encoding: String
    ) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let (first, second) = (Self.event.prefix(20), Self.event.dropFirst(20))
            let parts = Packing.packed(encoding, String(first)) + Packing.packed(encoding, String(second))
            #expect(try client.request("/api/v1/track", headers: headers(encoding), bytes: parts).status == 202)
            let whole = Packing.packed(encoding, Self.event)
            for garbage in [[0], Array("more".utf8), Array(whole.prefix(3))] as [[UInt8]] {
                let answer = try client.request("/b", headers: headers(encoding), bytes: whole + garbage)
                #expect(answer.status == 400 && answer.json["reason"] as? String == "content_encoding")
                #expect((answer.json["byte"] as? Int).map { $0 >= whole.count } == true)
            }
            #expect(try server.onlyEvent().eventType == "packed")
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `a body cut anywhere is refused, and so is one that is damaged`(_ encoding: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let whole = Packing.packed(encoding, Self.event)
            for size in 0..<whole.count {
                let cut = Array(whole.prefix(size))
                let answer = try client.request("/api/v1/track", headers: headers(encoding), bytes: cut)
                #expect(answer.status == 400 && answer.json["byte"] as? Int ?? -1 >= 0, "cut at \(size)")
            }
            #expect(server.log.lastSequence == 0)
            for index in whole.indices {
                var damaged = whole
                damaged[index] ^= 0x55
                let answer = try client.request("/api/v1/track", headers: headers(encoding), bytes: damaged)
                #expect([202, 400].contains(answer.status), "damaged at \(index)")
            }
            #expect(try client.request("/api/v1/track", headers: headers(encoding), bytes: whole).status == 202)
            #expect(try server.events().allSatisfy { $0.eventType == "packed" && $0.userID == "v_1" })
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `nothing is unpacked for an unknown key`(_ encoding: String) async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let over = Packing.packed(encoding, Self.event + String(repeating: " ", count: 20 << 20))
            #expect(over.count < 64 << 10)
            let unknown = headers(encoding, key: "pk_live_other")
            #expect(try client.request("/b", headers: unknown, bytes: over).status == 401)
            #expect(try client.request("/b", headers: headers(encoding), bytes: over).status == 413)
            #expect(try await server.server.bufferedBytes() == 0)
        }
    }

    @Test func `a zstd frame whose window is larger than 8 MiB is refused before it is unpacked`() async throws {
        try await TestServer.run { (server) async throws in
            let body = Array((Self.batch + String(repeating: " ", count: 1 << 20)).utf8)
            let client = try server.client()
            let allowed = Packing.zstd(body, windowLog: 23)
            #expect(try client.request("/api/v1/track/batch", headers: headers("zstd"), bytes: allowed).status == 202)
            let refused = Packing.zstd(body, windowLog: 24)
            #expect(try client.request("/api/v1/track/batch", headers: headers("zstd"), bytes: refused).status == 400)
        }
    }

    @Test func `the key may stand in a packed body`() async throws {
        try await TestServer.run { (server) async throws in
            let body = Packing.packed("gzip", #"{"event_type": "a", "key": "\#(TestServer.publicKey)"}"#)
            let client = try server.client()
            #expect(try client.request("/b", headers: ["Content-Encoding": "gzip"], bytes: body).status == 204)
            let none = Packing.packed("gzip", Self.event)
            #expect(try client.request("/b", headers: ["Content-Encoding": "gzip"], bytes: none).status == 401)
        }
    }

    @Test(arguments: ["gzip", "zstd"])
    func `an unpacker gives the same bytes however its input and its room are cut`(_ encoding: String) throws {
        let text = (0..<5_000).map { "line \($0 % 97) of \($0)\n" }.joined()
        let packed = Packing.packed(encoding, text)
        let named = try #require(encoding == "gzip" ? BodyEncoding.gzip : .zstd)
        let unpacker = try named.makeUnpacker()
        for (piece, room) in [(1, 100_000), (7, 13), (packed.count, 1_000), (100, 64 << 10)] {
            unpacker.reset()
            var output: [UInt8] = []
            var position = 0
            while !unpacker.isAtEnd {
                var space = [UInt8](repeating: 0, count: room)
                let input = Array(packed[position..<min(position + piece, packed.count)])
                let step = try input.withUnsafeBytes { input in
                    try space.withUnsafeMutableBytes { try unpacker.unpack(input, into: $0) }
                }
                position += step.taken
                output += space[..<step.made]
            }
            #expect(output.elementsEqual(text.utf8) && position == packed.count)
            #expect(unpacker.packedBytes == packed.count)
        }
    }
}
