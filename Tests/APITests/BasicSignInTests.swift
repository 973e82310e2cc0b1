import ControlStore
import EventModel
import HTTPTypes
import Settings
import Synchronization
import Testing

@testable import API

@Suite struct BasicSignInTests {
    /// A monotonic clock that moves when told to.
    private final class Instants: Sendable {
        private let now = Mutex(ContinuousClock.now)
        func read() -> ContinuousClock.Instant { now.withLock { $0 } }
        func advance(_ duration: Duration) { now.withLock { $0 += duration } }
    }

    private func signIn(
        _ instants: Instants = Instants()
    ) throws -> BasicSignIn {
        let users = [
            Configuration.AdminUser(name: "ada", passwordHash: try bcryptHash("right", cost: 4)),
            Configuration.AdminUser(name: "bob", passwordHash: try bcryptHash("other", cost: 5)),
        ]
        return try BasicSignIn(
            users: users, threads: BlockingThreads(threads: 1, maximumWaiting: 64), now: { instants.read() })
    }

    private func tries(_ signIn: BasicSignIn, _ password: String, from address: String = "a") async throws -> Bool {
        try await signIn.accepts(name: "ada", password: password, from: address)
    }

    @Test func `the right password is accepted, a wrong one and a wrong name are not`() async throws {
        let signIn = try signIn()
        #expect(try await tries(signIn, "right"))
        #expect(try await !tries(signIn, "wrong"))
        #expect(try await !signIn.accepts(name: "eve", password: "right", from: "a"))
        // Another user's password, also where an unknown name is compared with that user's hash.
        #expect(try await !signIn.accepts(name: "ada", password: "other", from: "a"))
        for name in ["x1", "x2", "x3"] {
            #expect(try await !signIn.accepts(name: name, password: "other", from: "b"))
            #expect(try await !signIn.accepts(name: name, password: "right", from: "b"))
        }
    }

    @Test func `the eleventh failure of an address within 15 minutes is a 429, and no other address's`() async throws {
        let instants = Instants()
        let signIn = try signIn(instants)
        for _ in 0..<10 {
            #expect(try await !tries(signIn, "wrong"))
            instants.advance(.seconds(1))
        }
        let problem = await #expect(throws: Problem.self) { try await tries(signIn, "right") }
        #expect(problem?.status == .tooManyRequests)
        #expect(problem?.headers[.retryAfter] == "891")
        #expect(try await tries(signIn, "right", from: "b"))
        instants.advance(.seconds(15 * 60 - 10))
        #expect(try await tries(signIn, "right"))
    }

    @Test func `a sign-in that succeeds uses up no attempt`() async throws {
        let instants = Instants()
        let signIn = try signIn(instants)
        for _ in 0..<30 {
            #expect(try await tries(signIn, "right"))
            instants.advance(BasicSignIn.rememberedFor)
        }
        for _ in 0..<10 { #expect(try await !tries(signIn, "wrong")) }
    }

    @Test func `a credential is remembered for five minutes, also while its address is throttled`() async throws {
        let instants = Instants()
        let signIn = try signIn(instants)
        #expect(try await tries(signIn, "right"))
        for _ in 0..<10 { #expect(try await !tries(signIn, "wrong")) }
        instants.advance(BasicSignIn.rememberedFor - .seconds(1))
        #expect(try await tries(signIn, "right"))
        instants.advance(.seconds(1))
        await #expect(throws: Problem.self) { try await tries(signIn, "right") }
    }

    @Test func `other users take the place of those before, and nobody stays signed in`() async throws {
        let signIn = try signIn()
        #expect(try await tries(signIn, "right"))
        try signIn.replace(users: [.init(name: "ada", passwordHash: try bcryptHash("newer", cost: 4))])
        #expect(try await !tries(signIn, "right"))
        #expect(try await tries(signIn, "newer"))
        try signIn.replace(users: [])
        #expect(try await !tries(signIn, "newer"))
    }

    @Test func `addresses are forgotten before they fill the memory`() {
        var throttle = FailureThrottle()
        let start = ContinuousClock.now
        for _ in 0..<10 { #expect(throttle.begin("first", at: start) == nil) }
        #expect(throttle.begin("first", at: start) != nil)
        for index in 0..<FailureThrottle.maximumAddresses {
            #expect(throttle.begin("\(index)", at: start + .seconds(1)) == nil)
        }
        #expect(throttle.begin("first", at: start + .seconds(1)) == nil)
    }

    @Test(
        arguments: [
            ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", ["203.0.113.9, 198.51.100.7, 10.1.2.3"], "198.51.100.7"),
            ("127.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("::ffff:127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
            ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
            ("127.0.0.1", ["nonsense"], "127.0.0.1"),
            ("127.0.0.1", [], "127.0.0.1"),
        ])
    func `the address counted is the right-most that no trusted proxy has`(
        peer: String, forwarded: [String], expected: String
    ) {
        let proxies = TrustedProxies(["127.0.0.1/32", "10.0.0.0/8"].compactMap { AddressBlock($0) })
        #expect(proxies.client(peer: peer, forwardedFor: forwarded) == expected)
    }

    @Test func `an IPv6 address counts as its network, and a peer without an address is unknown`() {
        let proxies = TrustedProxies(["::1/128"].compactMap { AddressBlock($0) })
        let first = proxies.client(peer: "2001:db8:1:2:3::4", forwardedFor: [])
        #expect(first == proxies.client(peer: "2001:db8:1:2:ffff::1", forwardedFor: []))
        #expect(first != proxies.client(peer: "2001:db8:1:3::4", forwardedFor: []))
        #expect(proxies.client(peer: nil, forwardedFor: ["1.2.3.4"]) == "unknown")
    }
}
