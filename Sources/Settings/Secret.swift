import FoundationEssentials
import Glibc

/// Secrets, which stand in files of their own and never in the TOML, a log or an error.
package enum Secret: String, Sendable, CaseIterable {
    case ga4ServiceAccount = "ga4_service_account.json"
    case clarityToken = "clarity_token"
    case claudeKey = "claude_key"
    case chatwootToken = "chatwoot_token"
    case searchConsoleServiceAccount = "search_console_service_account.json"
    case shopifyToken = "shopify_token"
    case jwtSecret = "jwt_secret"

    /// Reads the secret from `file` where one is configured, else from systemd's credentials directory.
    ///
    /// Nil where neither is there; throws where a configured file cannot be read, is empty, or may be read by others.
    /// White space at the end is not part of a secret.
    package func read(
        file: String?, environment: [String: String]
    ) throws(ConfigurationError) -> String? {
        let credential = environment["CREDENTIALS_DIRECTORY"].map { "\($0)/\(rawValue)" }
        let path: String
        if let file {
            path = file
            var status = stat()
            guard stat(file, &status) == 0 else {
                throw ConfigurationError(.missingSecret, "there is no secret \(rawValue) at \(file)")
            }
            guard status.st_mode & 0o077 == 0 else {
                throw ConfigurationError(
                    .missingSecret, "\(file) can be read by other users; run `chmod 600 \(file)`")
            }
        } else if let credential, FileManager.default.fileExists(atPath: credential) {
            path = credential
        } else {
            return nil
        }
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
        else {
            throw ConfigurationError(.missingSecret, "cannot read the secret \(rawValue) at \(path)")
        }
        let end = text.lastIndex { !$0.isWhitespace }
        guard let end else { throw ConfigurationError(.missingSecret, "the secret \(rawValue) at \(path) is empty") }
        return String(text[...end])
    }
}
