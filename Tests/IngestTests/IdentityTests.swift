import EventModel
import Foundation
import NIOCore
import TestKit
import Testing

@testable import Ingest

@Suite struct IdentityTests {
    @Test func `a day's secret survives a restart and is destroyed when its day ends`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/secret"
            let monday = try #require(Day("2025-06-02"))
            let first = try DaySecrets(directory: path).secret(for: monday)
            #expect(try DaySecrets(directory: path).secret(for: monday) == first)
            let secrets = try DaySecrets(directory: path)
            let tuesday = secrets.secret(for: monday.advanced(by: 1))
            #expect(tuesday.bytes != first.bytes)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["2025-06-03"])
            #expect(try DaySecrets(directory: path).secret(for: monday) != first)
        }
    }

    @Test func `the secret is its owner's alone`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/secret"
            let day = Day(number: 20_000)
            _ = try DaySecrets(directory: path).secret(for: day)
            func mode(_ path: String) throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            }
            #expect(try mode(path) == 0o700)
            #expect(try mode("\(path)/\(day)") == 0o600)
        }
    }

    @Test func `hashes depend on secret, purpose and every part`() {
        let secret = DaySecrets.Secret(day: Day(number: 0), bytes: [1])
        let other = DaySecrets.Secret(day: Day(number: 0), bytes: [2])
        #expect(secret.hash("a", [[1], [2]]) == secret.hash("a", [[1], [2]]))
        #expect(secret.hash("a", [[1], [2]]).count == 32)
        #expect(secret.hash("a", [[1], [2]]) != secret.hash("a", [[1, 2], []]))
        #expect(secret.hash("a", [[1]]) != secret.hash("b", [[1]]))
        #expect(secret.hash("a", [[1]]) != other.hash("a", [[1]]))
    }

    @Test func `addresses are read as proxies write them`() {
        #expect(IPAddress("1.2.3.4") == IPAddress("1.2.3.4:5678"))
        #expect(IPAddress("2001:db8::1") == IPAddress("[2001:db8::1]:443"))
        #expect(IPAddress("::ffff:1.2.3.4") == IPAddress("1.2.3.4"))
        #expect(IPAddress("unknown") == nil && IPAddress("1.2.3") == nil && IPAddress("") == nil)
    }

    @Test func `blocks hold what their prefix says`() throws {
        func holds(_ block: String, _ address: String) throws -> Bool {
            try #require(AddressBlock(block)).contains(try #require(IPAddress(address)))
        }
        #expect(try holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"))
        #expect(try holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "2001:db8::1"))
        #expect(try holds("2001:db8::/33", "2001:db8:7fff::1") && !holds("2001:db8::/33", "2001:db8:8000::1"))
        #expect(try holds("::1", "::1") && !holds("::1/128", "::2"))
        #expect(AddressBlock("10.0.0.0/33") == nil && AddressBlock("x") == nil)
    }

    @Test func `the visitor is the right-most forwarded address that is no trusted proxy`() throws {
        let proxies = TrustedProxies(blocks: try ["127.0.0.1", "10.0.0.0/8"].map { try #require(AddressBlock($0)) })
        func visitor(_ peer: String?, _ headers: [String]) -> IPAddress? {
            let bytes = headers.map { Array($0.utf8) }
            return withExtendedLifetime(bytes) {
                let buffers = bytes.map { bytes in
                    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
                    copy.copyBytes(from: bytes)
                    return UnsafeRawBufferPointer(copy)
                }
                defer { buffers.forEach { $0.deallocate() } }
                return proxies.visitor(peer: peer.flatMap(IPAddress.init), forwardedFor: buffers)
            }
        }
        #expect(visitor("8.8.8.8", ["1.1.1.1"]) == IPAddress("8.8.8.8"))
        #expect(visitor("127.0.0.1", ["6.6.6.6, 1.1.1.1, 10.0.0.5"]) == IPAddress("1.1.1.1"))
        #expect(visitor("127.0.0.1", ["1.1.1.1", "10.0.0.5"]) == IPAddress("1.1.1.1"))
        #expect(visitor("127.0.0.1", ["10.0.0.1, 10.0.0.2"]) == IPAddress("10.0.0.1"))
        #expect(visitor("127.0.0.1", ["1.1.1.1, junk"]) == IPAddress("127.0.0.1"))
        #expect(visitor("127.0.0.1", []) == IPAddress("127.0.0.1"))
        #expect(visitor(nil, ["1.1.1.1"]) == IPAddress("1.1.1.1"))
        #expect(visitor(nil, []) == nil)
    }

    @Test(arguments: [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0", "desktop", false),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148", "mobile", false),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/120.0 Mobile Safari/537.36", "mobile", false),
        ("Mozilla/5.0 (Linux; Android 13; SM-X700) Chrome/120.0 Safari/537.36", "tablet", false),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148", "tablet", false),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 7) Chrome/120.0 Mobile", "mobile", false),
        ("curl/8.0", nil, false),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0", "desktop", true),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "desktop", true),
        ("Slackbot-LinkExpanding 1.0", nil, true), ("facebookexternalhit/1.1", nil, true),
    ])
    func `a user agent tells the device's class and crawlers`(_ text: String, _ device: String?, _ isBot: Bool) {
        Array(text.utf8).withUnsafeBytes {
            #expect(UserAgent.deviceType($0)?.description == device)
            #expect(UserAgent.isBot($0) == isBot)
        }
    }

    @Test func `a long or broken user agent is cut and mended`() {
        let bytes = [UInt8](repeating: 0xC3, count: 600)
        let secret = DaySecrets.Secret(day: Day(number: 0), bytes: [1])
        let sender = bytes.withUnsafeBytes { Sender(userAgent: $0, address: nil, projectID: [], secret: secret) }
        let text = String(decoding: sender.userAgent ?? [], as: UTF8.self)
        #expect(text.unicodeScalars.count == 512)
        #expect(sender.ipHash == nil && sender.visitorID == nil)
    }

    @Test func `buckets hold a minute's allowance and fill evenly`() {
        let start = NIODeadline.now()
        let limiter = RateLimiter(now: start)
        let key = RateLimiter.Bucket(owner: .key("a"), eventsPerMinute: 60)
        let address = RateLimiter.Bucket(owner: .address(1, 2, 3), eventsPerMinute: 30)
        #expect(limiter.take(100, from: [key, address], now: start) == 30)
        #expect(limiter.take(100, from: [key], now: start) == 30)
        #expect(limiter.take(1, from: [key], now: start) == 0)
        #expect(limiter.secondsUntilNext([key], now: start) == 1)
        #expect(limiter.secondsUntilNext([address], now: start) == 2)
        #expect(limiter.take(100, from: [key], now: start + .seconds(10)) == 10)
        #expect(limiter.take(100, from: [key], now: start + .seconds(190)) == 60)
        #expect(limiter.take(5, from: [], now: start) == 5)
    }

    @Test func `recent ids are bounded and of one project`() {
        let now = Timestamp(milliseconds: 0)
        let recent = RecentIDs(limit: 10, now: now)
        func entry(_ number: UInt64, _ project: UInt64 = 0) -> RecentIDs.Entry {
            RecentIDs.Entry(id: EventID(high: number, low: 1), project: project)
        }
        recent.insert((0..<15).map { entry($0) }, now: now)
        #expect(recent.contains(entry(0)) && recent.contains(entry(14)))
        #expect(!recent.contains(entry(14, 1 << 40)))
        recent.insert((15..<25).map { entry($0) }, now: now)
        #expect(!recent.contains(entry(0)) && recent.contains(entry(14)) && recent.contains(entry(24)))
        recent.insert([entry(30)], now: Timestamp(milliseconds: 400_000))
        recent.insert([entry(31)], now: Timestamp(milliseconds: 800_000))
        #expect(!recent.contains(entry(24)) && recent.contains(entry(30)))
    }
}
