import BrowserSDK

/// The browser's script at all its paths: the current one under the configured names for a while, and each version
/// under the name that holds its hash for ever.
final class ScriptPaths: Sendable {
    private let contents: [[UInt8]: ServedContent]
    private let longest: Int

    /// `names` are paths like `/millrace.js`, at which there is nothing else.
    init(names: [String]) throws(IngestError) {
        for name in names where !Self.isFree(name) {
            throw IngestError(
                .badAddress,
                "ingest.script_paths holds \(name); a path begins with /, has letters, digits and - . _ ~ / alone, and"
                    + " is none of the daemon's own")
        }
        // Pages of any origin load it; with `integrity` a browser asks for it by CORS.
        let sharing = [
            "Access-Control-Allow-Origin: *", "Cross-Origin-Resource-Policy: cross-origin",
            "X-Content-Type-Options: nosniff",
        ]
        var contents: [[UInt8]: ServedContent] = [:]
        for script in BrowserScript.served {
            contents[Array("/\(script.fileName)".utf8)] = ServedContent(
                script.source, type: Self.type,
                headers: ["Cache-Control: public, max-age=31536000, immutable"] + sharing)
        }
        let current = ServedContent(
            BrowserScript.current.source, type: Self.type, headers: ["Cache-Control: public, max-age=300"] + sharing)
        for name in names { contents[Array(name.utf8)] = current }
        self.contents = contents
        longest = contents.keys.map(\.count).max() ?? 0
    }

    private static func isFree(_ name: String) -> Bool {
        let isPath =
            name.utf8.count > 1 && name.hasPrefix("/")
            && name.utf8.allSatisfy { byte in
                byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A || byte >= 0x2D && byte <= 0x39
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
            }
        return isPath && Array(name.utf8).withUnsafeBytes { Endpoint.at($0) == .unknown }
    }

    private static let type: StaticString = "text/javascript; charset=utf-8"

    /// Nil where nothing is at the path.
    func content(at path: UnsafeRawBufferPointer) -> ServedContent? {
        path.count <= longest ? contents[Array(path)] : nil
    }
}

extension HTTPConnection {
    /// What is at the request's path.
    func endpoint(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Endpoint {
        let path = bytes.part(head.path)
        let endpoint = Endpoint.at(path)
        guard endpoint == .unknown else { return endpoint }
        return loop.shared.scripts.content(at: path) == nil ? .unknown : .script
    }

    /// The script. Its headers say already that every origin may read it.
    func script(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer {
        guard let content = loop.shared.scripts.content(at: bytes.part(head.path)) else {
            return .problem(404, Refusal(.malformedRequest, "there is nothing at this path"))
        }
        var answer = serve(content, head, bytes)
        answer.isHead = head.method == .head
        return answer
    }
}
