import BrowserSDK
import Testing

@testable import Ingest

/// The browser's script, over real sockets.
@Suite struct ScriptAnswerTests {
    @Test func `the script is served under its name for a while, under its hash for ever`() async throws {
        try await TestServer.run { (server) async throws in
            let client = try server.client()
            let source = String(decoding: BrowserScript.current.source, as: UTF8.self)
            let named = try client.request("GET", "/millrace.js?v=1")
            let hashed = try client.request("GET", "/" + BrowserScript.current.fileName)
            for answer in [named, hashed] {
                #expect(answer.status == 200 && answer.body == source)
                #expect(answer.headers["content-type"] == "text/javascript; charset=utf-8")
                #expect(answer.headers["access-control-allow-origin"] == "*")
                #expect(answer.headers["cross-origin-resource-policy"] == "cross-origin")
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                #expect(answer.verdict == nil)
            }
            #expect(named.headers["cache-control"] == "public, max-age=300")
            #expect(hashed.headers["cache-control"] == "public, max-age=31536000, immutable")
            #expect(named.headers["etag"] == hashed.headers["etag"])
            #expect(try client.request("GET", "/millrace-0123456789abcdef.js").status == 404)
            #expect(server.server.verdict.received == 0)
        }
    }

    @Test func `every version ever released is served`() async throws {
        try await TestServer.run { (server) async throws in
            for script in BrowserScript.served {
                let answer = try server.client().request("GET", "/" + script.fileName)
                #expect(answer.status == 200 && Array(answer.body.utf8) == script.source)
            }
        }
    }

    @Test func `who has the script is told so, HEAD has no body, and a page's origin changes nothing`() async throws {
        try await TestServer.run(TestServer.snapshot(domains: ["shop.example"])) { (server) async throws in
            let client = try server.client()
            for path in ["/millrace.js", "/" + BrowserScript.current.fileName] {
                let head = try client.request("HEAD", path)
                #expect(head.status == 200)
                #expect(head.headers["content-length"] == "\(BrowserScript.current.source.count)")
                let tag = try #require(head.headers["etag"])
                let known = try client.request("GET", path, headers: ["If-None-Match": tag])
                #expect(known.status == 304 && known.headers["content-length"] == nil)
                let strange = try client.request("GET", path, headers: ["Origin": "https://other.example"])
                #expect(strange.status == 200 && strange.headers["access-control-allow-origin"] == "*")
                #expect(strange.headers["vary"] == nil)
            }
        }
    }

    @Test func `a site may name the script's paths`() async throws {
        try await TestServer.run(change: { $0.scriptPaths = ["/a.js", "/lib/own_name.js"] }) { (server) async throws in
            let client = try server.client()
            #expect(try client.request("GET", "/a.js").status == 200)
            #expect(try client.request("GET", "/lib/own_name.js").status == 200)
            #expect(try client.request("GET", "/millrace.js").status == 404)
            let posted = try client.request("POST", "/a.js", body: "{}")
            #expect(posted.status == 405 && posted.headers["allow"] == "GET, HEAD, OPTIONS")
        }
    }

    @Test(arguments: ["", "/", "millrace.js", "/b", "/health", "/api/v1/track", "/a b.js", "/a.js?x", "/ä.js"])
    func `what can be no path of the script is refused at the start`(path: String) {
        let error = #expect(throws: IngestError.self) { try ScriptPaths(names: ["/millrace.js", path]) }
        #expect(error?.exitCode == .badConfiguration)
        #expect(error?.description.contains("ingest.script_paths") == true)
    }
}
