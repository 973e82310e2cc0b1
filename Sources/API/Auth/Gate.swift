import ControlStore
import EventModel
import HTTPTypes
import Hummingbird
import Settings

/// Tells who sent a request, or refuses it.
package struct Gate: Sendable {
    private let store: ControlStore
    private let threads: BlockingThreads
    private let signIn: BasicSignIn
    private let proxies: TrustedProxies

    package init(store: ControlStore, threads: BlockingThreads, signIn: BasicSignIn, proxies: TrustedProxies) {
        self.store = store
        self.threads = threads
        self.signIn = signIn
        self.proxies = proxies
    }

    /// The caller of a route that takes secret keys and Basic Auth: 401 without or with a wrong credential, 403 for a
    /// public key.
    package func caller(_ request: Request, _ context: APIContext) async throws -> Caller {
        switch Credential(request.headers) {
        case .none: throw Self.unauthorized("send a secret key as X-API-Key, or sign in", keys: true)
        case .unreadable: throw Self.unauthorized("the Authorization header cannot be read", keys: true)
        case .key(let key): return try await owner(of: key)
        case .basic(let name, let password):
            return try await administrator(name, password, request, context, keys: true)
        }
    }

    /// The caller of a page for people: Basic Auth alone.
    package func administrator(_ request: Request, _ context: APIContext) async throws -> Caller {
        guard case .basic(let name, let password) = Credential(request.headers) else {
            throw Self.unauthorized("sign in with a name and password of admin.users", keys: false)
        }
        return try await administrator(name, password, request, context, keys: false)
    }

    private func owner(of key: String) async throws -> Caller {
        // Keys have 40 characters; what is far longer is none and need not be hashed.
        guard key.utf8.count <= 256 else { throw Self.unauthorized("there is no such key", keys: true) }
        let hash = ApiKeyHash.hash(key)
        let owner: (projectID: ProjectID, kind: ProjectSnapshot.Kind)?
        do {
            owner = try await threads.run { [store] in try store.read { try $0.keyOwner(hash: hash) } }
        } catch let error where !(error is Problem || error is CancellationError) {
            throw Unavailable(underlying: error)
        }
        guard let owner else {
            throw Self.unauthorized("there is no such key, or it was revoked", keys: true)
        }
        guard owner.kind == .secret else {
            throw Problem(.forbidden, "a public key may only send events; read with a secret key from a server")
        }
        return .project(owner.projectID)
    }

    private func administrator(
        _ name: String, _ password: String, _ request: Request, _ context: APIContext, keys: Bool
    ) async throws -> Caller {
        let address = proxies.client(peer: context.peer, forwardedFor: request.headers[values: .forwardedFor])
        guard try await signIn.accepts(name: name, password: password, from: address) else {
            throw Self.unauthorized("name or password is wrong", keys: keys)
        }
        return .administrator(name: name)
    }

    private static func unauthorized(_ detail: String, keys: Bool) -> Problem {
        var headers = HTTPFields()
        if keys { headers.append(HTTPField(name: .wwwAuthenticate, value: "Bearer realm=\"Millrace\"")) }
        headers.append(HTTPField(name: .wwwAuthenticate, value: "Basic realm=\"Millrace\", charset=\"UTF-8\""))
        return Problem(.unauthorized, detail, headers: headers)
    }
}
