import ControlStore
import Crypto
import FoundationEssentials
import Hummingbird
import Settings
import Synchronization

/// Checks the names and passwords of `admin.users`.
///
/// A credential that was right is remembered for five minutes by a keyed hash, so that a page with its files costs one
/// bcrypt. A wrong name and a wrong password get the same answer after the same work.
package final class BasicSignIn: Sendable {
    static let rememberedFor = Duration.seconds(5 * 60)
    static let maximumRemembered = 1_000

    private struct State {
        var users: [(name: String, password: BcryptPassword)]
        var remembered: [Data: ContinuousClock.Instant] = [:]
        var throttle = FailureThrottle()
    }

    private let state: Mutex<State>
    private let threads: BlockingThreads
    private let now: @Sendable () -> ContinuousClock.Instant
    /// Of this process only: what it remembers means nothing to another.
    private let hashKey = SymmetricKey(size: .bits256)

    /// Throws `.badPasswordHash` where a user's hash is not bcrypt.
    package init(
        users: [Configuration.AdminUser], threads: BlockingThreads,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) throws(APIError) {
        state = Mutex(State(users: try Self.parsed(users)))
        self.threads = threads
        self.now = now
    }

    /// Takes another list of users; whoever was signed in signs in again.
    func replace(users: [Configuration.AdminUser]) throws(APIError) {
        let parsed = try Self.parsed(users)
        state.withLock {
            $0.users = parsed
            $0.remembered = [:]
        }
    }

    /// Whether name and password are those of a user. Throws a 429 where the address has failed too often.
    func accepts(name: String, password: String, from address: String) async throws -> Bool {
        let begun = now()
        let digest = keyedHash("\(name)\u{0}\(password)")
        switch state.withLock({ Self.decide(&$0, digest: digest, address: address, at: begun) }) {
        case .remembered: return true
        case .throttled(let wait): throw Self.tooMany(wait)
        case .check(let users):
            guard let (known, isTheirs) = candidate(name, among: users) else { return false }
            let matches = try await threads.run { known.matches(password) }
            guard matches && isTheirs else { return false }
            state.withLock { Self.remember(&$0, digest: digest, address: address, begunAt: begun, at: now()) }
            return true
        }
    }

    private enum Decision {
        case remembered, throttled(Duration), check([(name: String, password: BcryptPassword)])
    }

    private static func decide(
        _ state: inout State, digest: Data, address: String, at now: ContinuousClock.Instant
    ) -> Decision {
        if let until = state.remembered[digest], until > now { return .remembered }
        if let wait = state.throttle.begin(address, at: now) { return .throttled(wait) }
        return .check(state.users)
    }

    private static func remember(
        _ state: inout State, digest: Data, address: String, begunAt begun: ContinuousClock.Instant,
        at now: ContinuousClock.Instant
    ) {
        state.throttle.succeeded(address, begunAt: begun)
        state.remembered = state.remembered.filter { $0.value > now }
        if state.remembered.count >= maximumRemembered, let first = state.remembered.min(by: { $0.value < $1.value }) {
            state.remembered[first.key] = nil
        }
        state.remembered[digest] = now + rememberedFor
    }

    /// The hash to compare with: the user's, else that of a user chosen by the name, always the same one, so that
    /// hashes of different costs don't tell which names exist. Nil where there are no users.
    private func candidate(
        _ name: String, among users: [(name: String, password: BcryptPassword)]
    ) -> (password: BcryptPassword, isTheirs: Bool)? {
        if let user = users.first(where: { $0.name == name }) { return (user.password, true) }
        guard !users.isEmpty else { return nil }
        let choice = keyedHash("decoy\u{0}\(name)").prefix(4).reduce(0) { $0 << 8 | Int($1) }
        return (users[choice % users.count].password, false)
    }

    private func keyedHash(_ text: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: hashKey))
    }

    private static func parsed(
        _ users: [Configuration.AdminUser]
    ) throws(APIError) -> [(name: String, password: BcryptPassword)] {
        var parsed: [(name: String, password: BcryptPassword)] = []
        for user in users {
            guard let password = BcryptPassword(hash: user.passwordHash) else {
                throw APIError(
                    .badPasswordHash, "admin.users: password_hash of \(user.name) is not a bcrypt hash ($2b$…)")
            }
            parsed.append((user.name, password))
        }
        return parsed
    }

    private static func tooMany(_ wait: Duration) -> Problem {
        let seconds = max(1, wait.components.seconds + 1)
        return Problem(
            .tooManyRequests, "too many failed sign-ins from this address; try again in \(seconds) s",
            headers: [.retryAfter: "\(seconds)"])
    }
}
