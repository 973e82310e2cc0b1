import FoundationEssentials
import HTTPTypes
import Hummingbird

/// What a request brings to show who sent it.
enum Credential: Equatable {
    case none
    /// A project's key, from `X-API-Key` or `Authorization: Bearer`.
    case key(String)
    case basic(name: String, password: String)
    /// An `Authorization` header that cannot be read.
    case unreadable

    init(_ headers: HTTPFields) {
        if let key = headers[.apiKey] {
            self = key.isEmpty ? .unreadable : .key(key)
            return
        }
        guard let header = headers[.authorization] else {
            self = .none
            return
        }
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        switch (parts.first?.lowercased(), parts.dropFirst().first) {
        case ("bearer", let token?): self = .key(String(token.drop { $0 == " " }))
        case ("basic", let encoded?): self = Self.basic(String(encoded)) ?? .unreadable
        default: self = .unreadable
        }
    }

    private static func basic(_ encoded: String) -> Credential? {
        guard let data = Data(base64Encoded: encoded), let text = String(data: data, encoding: .utf8),
            let colon = text.firstIndex(of: ":")
        else { return nil }
        return .basic(name: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }
}

extension HTTPField.Name {
    /// `X-API-Key`. HTTPTypes makes a name of every token, so this is never nil.
    package static var apiKey: HTTPField.Name { name("X-API-Key") }
    static var forwardedFor: HTTPField.Name { name("X-Forwarded-For") }

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no header name") }
        return name
    }
}
