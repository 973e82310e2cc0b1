import Crypto
import FoundationEssentials

/// A version of the script that pages load. Its name holds its hash, so that what stands under the name never changes.
package struct BrowserScript: Sendable {
    package let source: [UInt8]
    /// The first 16 hexadecimal digits of the SHA-256 of its source.
    package let hash: String
    /// What `integrity` of a script tag holds (Subresource Integrity): `sha384-…`.
    package let integrity: String

    package init(source: [UInt8]) {
        self.source = source
        let digits = SHA256.hash(data: source).prefix(8).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        hash = digits.joined()
        integrity = "sha384-" + Data(SHA384.hash(data: source)).base64EncodedString()
    }

    /// `millrace-<hash>.js`
    package var fileName: String { "millrace-\(hash).js" }

    /// What `/millrace.js` serves.
    package static let current = BrowserScript(source: PackageResources.millrace_js)

    /// Every version ever released, and the current one first: pages name them by their hash, so each stays served.
    /// A release that changes the script keeps the one before as a file of its own in `Assets`, and lists it here.
    package static let served: [BrowserScript] = [current]
}
