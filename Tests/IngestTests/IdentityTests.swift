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
