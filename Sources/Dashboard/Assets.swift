import API
import HTTPTypes
import Hummingbird

/// The files that the page loads beside itself, built into the program.
struct Assets {
    static let style = Assets(
        name: "dashboard.css", type: "text/css; charset=utf-8", bytes: PackageResources.dashboard_css)
    static let script = Assets(
        name: "dashboard.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.dashboard_js)

    let name: String
    let type: String
    let bytes: [UInt8]

    /// Relative to the page; the content's hash is part of it, so that a browser may keep the file for ever.
    var address: String { "\(name)?v=\(Conditional.fingerprint(bytes))" }

    func response(to request: Request) -> Response {
        Conditional.response(
            to: request, body: bytes, type: type, headers: [.cacheControl: "private, max-age=31536000, immutable"])
    }
}
