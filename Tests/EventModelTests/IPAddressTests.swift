import Testing

@testable import EventModel

@Suite struct IPAddressTests {
    private func forwarded(_ text: String) -> IPAddress? {
        Array(text.utf8).withUnsafeBytes { IPAddress(forwarded: $0) }
    }

    /// What `TrustedProxies` makes of the headers' values; a nil peer is that of a Unix socket.
    private func visitor(_ trusted: [String], _ peer: String?, _ headers: [String]) throws -> String? {
        let proxies = TrustedProxies(try trusted.map { try #require(AddressBlock($0)) })
        let bytes = Array(headers.joined().utf8)
        return bytes.withUnsafeBytes { all in
            var start = 0
            let values = headers.map { header in
                defer { start += header.utf8.count }
                return UnsafeRawBufferPointer(rebasing: all[start..<(start + header.utf8.count)])
            }
            return proxies.visitor(peer: peer.flatMap { IPAddress($0) }, forwardedFor: values)?.description
        }
    }

    @Test(arguments: [
        ("1.2.3.4", "1.2.3.4"), ("1.2.3.4:5678", "1.2.3.4"), (" 1.2.3.4\t", "1.2.3.4"), ("\"1.2.3.4\"", "1.2.3.4"),
        ("2001:DB8::1", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ("[2001:db8::1]:443", "2001:db8::1"),
        ("\"[2001:db8::1]:443\"", "2001:db8::1"), ("::ffff:1.2.3.4", "1.2.3.4"), ("[::ffff:1.2.3.4]:80", "1.2.3.4"),
        ("::", "::"), ("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func `addresses are read as proxies write them`(_ text: String, _ expected: String) {
        #expect(forwarded(text)?.description == expected)
    }

    @Test(arguments: [
        "", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4:", "1.2.3.4:x",
        "1.2.3.4:123456", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]443", "[2001:db8::1]:", "[]", "\"", "\"\"",
        "fe80::1%eth0", "1.2.3.4\u{0}", ":", "::1::", "1.2.3.4 5.6.7.8",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    ])
    func `what is no address is none`(_ text: String) { #expect(forwarded(text) == nil) }

    @Test func `an address as such has neither port nor brackets`() {
        #expect(IPAddress("1.2.3.4") != nil && IPAddress("::1") != nil)
        #expect(IPAddress("1.2.3.4:80") == nil && IPAddress("[::1]") == nil)
    }

    @Test func `an address knows its bytes, its network and whether it is this machine's`() throws {
        #expect(try #require(IPAddress("1.2.3.4")).bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4])
        #expect(IPAddress("2001:db8:1:2:3::4")?.network == IPAddress("2001:db8:1:2:ffff::1")?.network)
        #expect(IPAddress("2001:db8:1:2::")?.network != IPAddress("2001:db8:1:3::")?.network)
        #expect(IPAddress("1.2.3.4")?.network != IPAddress("1.2.3.5")?.network)
        #expect(["127.0.0.1", "127.9.9.9", "::1"].allSatisfy { IPAddress($0)?.isLoopback == true })
        #expect(["128.0.0.1", "::2", "1::1"].allSatisfy { IPAddress($0)?.isLoopback == false })
    }

    @Test func `blocks hold what their prefix says`() throws {
        func holds(_ block: String, _ address: String) throws -> Bool {
            try #require(AddressBlock(block)).contains(try #require(IPAddress(address)))
        }
        #expect(try holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"))
        #expect(try holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "2001:db8::1"))
        #expect(try holds("2001:db8::/33", "2001:db8:7fff::1") && !holds("2001:db8::/33", "2001:db8:8000::1"))
        #expect(try holds("::1", "::1") && !holds("::1/128", "::2"))
        #expect(try holds("10.0.0.0/8", "::ffff:10.1.1.1"))
        for text in ["10.0.0.0/33", "x", "10.0.0.0/-1", "::/129", "", "10.0.0.0/", "1.2.3.4:80/8"] {
            #expect(AddressBlock(text) == nil)
        }
    }

    @Test func `the visitor is the right-most forwarded address that is no trusted proxy`() throws {
        func visitor(_ peer: String?, _ headers: [String]) throws -> String? {
            try self.visitor(["127.0.0.1", "10.0.0.0/8"], peer, headers)
        }
        #expect(try visitor("8.8.8.8", ["1.1.1.1"]) == "8.8.8.8")
        #expect(try visitor("127.0.0.1", ["6.6.6.6, 1.1.1.1, 10.0.0.5"]) == "1.1.1.1")
        #expect(try visitor("::ffff:127.0.0.1", ["1.1.1.1"]) == "1.1.1.1")
        #expect(try visitor("127.0.0.1", ["1.1.1.1", "10.0.0.5"]) == "1.1.1.1")
        #expect(try visitor("127.0.0.1", ["6.6.6.6", "1.1.1.1:99,", " , 10.0.0.5,,"]) == "1.1.1.1")
        #expect(try visitor("127.0.0.1", ["6.6.6.6, [2001:db8::7]:80"]) == "2001:db8::7")
        #expect(try visitor("127.0.0.1", ["10.0.0.1, 10.0.0.2"]) == "10.0.0.1")
        #expect(try visitor("127.0.0.1", []) == "127.0.0.1")
    }

    @Test func `what stands left of an entry that is no address is not believed`() throws {
        #expect(try visitor(["127.0.0.1"], "127.0.0.1", ["1.1.1.1, junk"]) == "127.0.0.1")
        #expect(try visitor(["127.0.0.1", "10.0.0.0/8"], "127.0.0.1", ["1.1.1.1, junk, 10.0.0.5"]) == "10.0.0.5")
    }

    @Test func `the peer of a Unix socket is believed, whoever else is`() throws {
        #expect(try visitor([], nil, ["1.1.1.1"]) == "1.1.1.1")
        #expect(try visitor([], nil, ["6.6.6.6, 1.1.1.1"]) == "1.1.1.1")
        #expect(try visitor([], nil, []) == nil)
        #expect(try visitor([], nil, ["junk"]) == nil)
    }

    @Test func `no more proxies are looked at than may stand in a row`() throws {
        let row = [String](repeating: "10.0.0.1", count: TrustedProxies.hopLimit - 1).joined(separator: ",")
        #expect(try visitor(["10.0.0.0/8"], "10.0.0.9", ["1.1.1.1," + row]) == "1.1.1.1")
        #expect(try visitor(["10.0.0.0/8"], "10.0.0.9", ["1.1.1.1,10.0.0.1," + row]) == "10.0.0.1")
    }
}
