import Foundation

/// Makes what a connection may be sent: good requests of every kind, alone and pipelined, whole, torn and forged.
struct RequestGenerator {
    var beacons: BeaconGenerator

    init(seed: UInt64, receivedAt: Int64) { beacons = BeaconGenerator(seed: seed, receivedAt: receivedAt) }

    private static let tracking = ["/api/v1/track", "/api/v1/track/batch", "/b"]
    private static let others = [
        "/health", "/metrics", "/millrace.js", "/api/v1/config?k=pk_live_public", "/", "/api/v1/track/", "/favicon.ico",
    ]

    /// The bytes of a connection.
    mutating func connection() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<beacons.random.pick([1, 1, 1, 2, 3, 8]) { bytes += request() }
        if beacons.random.happens(45) {
            for _ in 0...beacons.random.below(3) { mutate(&bytes) }
        }
        return bytes
    }

    /// The bytes of a stream of lines.
    mutating func lines() -> [UInt8] {
        var bytes = Array(#"{"key": "sk_live_secret"}"#.utf8) + [10]
        if beacons.random.happens(5) { bytes = beacons.event() + [10] }
        for _ in 0..<beacons.random.pick([0, 1, 2, 5, 40]) { bytes += beacons.event().filter { $0 != 10 } + [10] }
        if beacons.random.happens(20) { bytes.removeLast() }
        if beacons.random.happens(20) { mutate(&bytes) }
        return bytes
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        switch beacons.random.below(6) {
        case 0: splice(&bytes)
        case 1: forge(&bytes)
        case 2:
            let end = min(bytes.count, beacons.random.below(bytes.count + 1) + beacons.random.below(400))
            let start = beacons.random.below(end + 1)
            bytes.insert(contentsOf: bytes[start..<end], at: beacons.random.below(bytes.count + 1))
        default: beacons.mutate(&bytes)
        }
    }

    /// Puts a piece of another connection's bytes into this one's.
    private mutating func splice(_ bytes: inout [UInt8]) {
        let other = request()
        let start = beacons.random.below(other.count)
        let piece = other[start..<min(other.count, start + 1 + beacons.random.below(200))]
        bytes.insert(contentsOf: piece, at: beacons.random.below(bytes.count + 1))
    }

    /// A line into a head: lengths that lie, encodings that two readers take differently, endings that are none.
    private mutating func forge(_ bytes: inout [UInt8]) {
        let ends = bytes.indices.filter { $0 > 0 && bytes[$0] == 10 && bytes[$0 - 1] == 13 }
        guard let end = ends.randomElement(using: &beacons.random) else { return }
        let line = beacons.random.pick(Self.forgeries)
        bytes.insert(contentsOf: Array(line.utf8), at: end + 1)
    }

    private static let forgeries = [
        "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Content-Length: -1\r\n", "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n", "Content-Length: 0x10\r\n", "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 1e3\r\n", "Content-Length:\r\n", "Content-Length : 5\r\n", "content-length:\t7 \r\n",
        "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding:\u{B}chunked\r\n", "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\r\n: chunked\r\n", "transfer-encoding: CHUNKED\r\n", "Host: b\r\n", " folded: x\r\n",
        "Sec-GPC: 1\r\n", "Sec-GPC: 0\r\n", "Connection: close\r\n", "Connection: keep-alive, close\r\n",
        "Expect: 100-continue\r\n", "Expect: x\r\n", "\n", "\r", "\r\n", "\r\r\n", "\u{0}\r\n", ": x\r\n", "x\r\n",
        "Content-Encoding: gzip\r\n", "Content-Encoding: zstd, gzip\r\n", "Upgrade: h2c\r\n", "X: \u{7F}\r\n",
        "Origin: https://example.com\r\n", "Origin: null\r\n", "X-API-Key: sk_live_secret\r\n", "X-API-Key:\r\n",
        "0\r\n\r\n", "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "5;a=b\r\n", "FFFFFFFFFFFFFFFF\r\n",
        "00000000000000001\r\n",
    ]

    // MARK: Good requests

    private mutating func request() -> [UInt8] {
        if beacons.random.happens(15) {
            let method = beacons.random.pick(["GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE"])
            return Array("\(method) \(beacons.random.pick(Self.others)) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        }
        if beacons.random.happens(4) { return preflight() }
        if beacons.random.happens(4) { return packed() }
        if beacons.random.happens(6) { return streamed() }
        let path = beacons.random.pick(Self.tracking)
        let body = body(path)
        var head = "POST \(path)\(beacons.random.happens(15) ? "?k=pk_live_public" : "") HTTP/1.1\r\n"
        var fields = ["Host: localhost"]
        if beacons.random.happens(90) { fields.append(key()) }
        if beacons.random.happens(40) {
            fields.append("Content-Type: " + beacons.random.pick(["application/json", "text/plain", "image/gif", ""]))
        }
        if beacons.random.happens(20) {
            fields.append("Origin: https://" + beacons.random.pick(["example.com", "x.y"]))
        }
        if beacons.random.happens(20) {
            fields.append("User-Agent: " + beacons.random.pick(["Mozilla/5.0", "x bot/1"]))
        }
        if beacons.random.happens(10) { fields.append("Sec-GPC: 1") }
        if beacons.random.happens(5) { fields.append("Expect: 100-continue") }
        if beacons.random.happens(4) { fields.append("Connection: close") }
        if beacons.random.happens(10) { fields.append("X-Forwarded-For: 203.0.113.\(beacons.random.below(256))") }
        if beacons.random.happens(2) { fields.append("X-Long: " + String(repeating: "l", count: 17_000)) }
        let isChunked = beacons.random.happens(25)
        fields.append(isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.count)")
        fields.shuffle(using: &beacons.random)
        head += fields.joined(separator: "\r\n") + "\r\n\r\n"
        return Array(head.utf8) + (isChunked ? chunks(body) : body)
    }

    private mutating func key() -> String {
        beacons.random.pick([
            "X-API-Key: pk_live_public", "x-api-key:pk_live_public", "X-API-Key: sk_live_secret",
            "Authorization: Bearer pk_live_public", "X-API-Key: pk_live_other",
        ])
    }

    private mutating func body(_ path: String) -> [UInt8] {
        let isBatch = path == "/b" ? beacons.random.happens(50) : path.hasSuffix("batch")
        guard isBatch else { return beacons.event() }
        var text = Array(#"{"events": ["#.utf8)
        for index in 0..<beacons.random.pick([0, 1, 2, 3, 10]) {
            text += (index > 0 ? [UInt8(ascii: ",")] : []) + beacons.event()
        }
        text.append(UInt8(ascii: "]"))
        if beacons.random.happens(20) { text += Array(#","sent_at":"#.utf8) + Array(beacons.moment().utf8) }
        if beacons.random.happens(10) { text += Array(#","gpc": true"#.utf8) }
        if beacons.random.happens(10) { text += Array(#","key": "pk_live_public""#.utf8) }
        return text + [UInt8(ascii: "}")]
    }

    private mutating func chunks(_ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(1 + beacons.random.below(beacons.random.pick([4, 100, 4_000])))
            rest = rest.dropFirst(piece.count)
            bytes += Array(String(piece.count, radix: 16, uppercase: beacons.random.happens(50)).utf8) + [13, 10]
            bytes += piece + [13, 10]
        }
        return bytes + Array((beacons.random.happens(5) ? "0\r\nX-Trailer: x\r\n\r\n" : "0\r\n\r\n").utf8)
    }

    private mutating func preflight() -> [UInt8] {
        let origin = beacons.random.pick(["https://example.com", "https://a.example.com", "https://x.test"])
        return Array(
            "OPTIONS \(beacons.random.pick(Self.tracking)) HTTP/1.1\r\nHost: a\r\nOrigin: \(origin)\r\n\r\n".utf8)
    }

    /// `{"event_type":"packed"}` as gzip made it.
    private static let gzip: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0x4A, 0x2D, 0x4B, 0xCD, 0x2B, 0x89,
        0x2F, 0xA9, 0x2C, 0x48, 0x55, 0xB2, 0x52, 0x2A, 0x48, 0x4C, 0xCE, 0x4E, 0x4D, 0x51, 0xAA, 0x05, 0x00, 0x35,
        0xEC, 0x63, 0x1F, 0x17, 0x00, 0x00, 0x00,
    ]

    private mutating func packed() -> [UInt8] {
        var body = Self.gzip
        if beacons.random.happens(30) { beacons.mutate(&body) }
        let head = "POST /api/v1/track HTTP/1.1\r\nHost: a\r\nX-API-Key: pk_live_public\r\nContent-Encoding: gzip\r\n"
        return Array((head + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
    }

    private mutating func streamed() -> [UInt8] {
        var body: [UInt8] = []
        for _ in 0..<beacons.random.below(6) { body += beacons.event().filter { $0 != 10 } + [10] }
        let head = "POST /api/v1/track/stream HTTP/1.1\r\nHost: a\r\nX-API-Key: pk_live_public\r\n"
        return Array((head + "Transfer-Encoding: chunked\r\n\r\n").utf8) + chunks(body)
    }
}
