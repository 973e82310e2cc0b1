import Testing

@testable import BrowserSDK

@Suite struct BrowserScriptTests {
    // FIPS 180-4's example "abc"; its SHA-384 in base64 is what `openssl dgst -sha384 -binary | base64` says.
    @Test func `a script is named by SHA-256 and vouched for by SHA-384`() {
        let script = BrowserScript(source: Array("abc".utf8))
        #expect(script.hash == "ba7816bf8f01cfea" && script.fileName == "millrace-ba7816bf8f01cfea.js")
        #expect(
            script.integrity == "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn")
    }

    @Test func `another source has another name`() {
        #expect(BrowserScript(source: Array("a".utf8)).fileName != BrowserScript(source: Array("b".utf8)).fileName)
    }

    @Test func `the current script is served first, and no two versions share a name`() {
        #expect(BrowserScript.served.first?.fileName == BrowserScript.current.fileName)
        #expect(Set(BrowserScript.served.map(\.fileName)).count == BrowserScript.served.count)
    }

    @Test func `the script keeps nothing in the browser, loads nothing more, and is small`() {
        let source = String(decoding: BrowserScript.current.source, as: UTF8.self)
        for banned in [
            "document.cookie", "localStorage", "sessionStorage", "indexedDB", "caches.", "import(", "eval(",
            "innerHTML",
        ] {
            #expect(!source.contains(banned), "\(banned)")
        }
        for needed in ["globalPrivacyControl", "sendBeacon", "keepalive: true", "sent_at", "pushState", "data-key"] {
            #expect(source.contains(needed), "\(needed)")
        }
        #expect(source.utf8.count < 8_192)
    }
}
