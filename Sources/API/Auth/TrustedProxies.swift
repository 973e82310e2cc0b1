import Glibc
import Settings

/// Finds a visitor's address behind proxies: the right-most of `X-Forwarded-For` that is no trusted proxy's, where
/// the peer is one.
package struct TrustedProxies: Sendable {
    private let blocks: [AddressBlock]

    /// Throws `.wrongValue` where one of the texts is no address and no CIDR block.
    package init(_ texts: [String]) throws(ConfigurationError) {
        var blocks: [AddressBlock] = []
        for text in texts {
            guard let block = AddressBlock(text) else {
                throw ConfigurationError(
                    .wrongValue, "api.trusted_proxies: \"\(text)\" is no address and no block such as 10.0.0.0/8")
            }
            blocks.append(block)
        }
        self.blocks = blocks
    }

    /// By what failed sign-ins are counted: an IPv4 address, or the /64 network of an IPv6 one, since a single
    /// machine usually has all of that.
    func client(peer: String?, forwardedFor: [String]) -> String {
        guard let peer, let address = AddressBytes(peer) else { return "unknown" }
        guard isTrusted(address) else { return address.networkText }
        var client = address
        for part in forwardedFor.joined(separator: ",").split(separator: ",").reversed() {
            let text = part.drop { $0 == " " }.prefix { $0 != " " }
            guard let next = AddressBytes(String(text)) else { break }
            client = next
            if !isTrusted(next) { break }
        }
        return client.networkText
    }

    private func isTrusted(_ address: AddressBytes) -> Bool { blocks.contains { $0.contains(address) } }
}

/// An IP address: 4 or 16 bytes; an IPv4 address written as IPv6 is the IPv4 one.
struct AddressBytes: Equatable {
    let bytes: [UInt8]

    init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            let all = withUnsafeBytes(of: &six) { Array($0) }
            let mapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
            bytes = mapped ? Array(all[12...]) : all
        } else {
            return nil
        }
    }

    /// The whole IPv4 address, the first 64 bits of an IPv6 one.
    var networkText: String { bytes.prefix(8).map(String.init).joined(separator: ".") }
}

/// An address, or a block of them in CIDR notation.
struct AddressBlock {
    private let start: AddressBytes
    private let bits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let start = AddressBytes(String(first)) else { return nil }
        var bits = start.bytes.count * 8
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...bits).contains(given) else { return nil }
            bits = given
        }
        self.start = start
        self.bits = bits
    }

    func contains(_ address: AddressBytes) -> Bool {
        guard address.bytes.count == start.bytes.count else { return false }
        for (index, (left, right)) in zip(address.bytes, start.bytes).enumerated() {
            let compared = min(8, max(0, bits - index * 8))
            let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - compared))
            if left & mask != right & mask { return false }
        }
        return true
    }
}
