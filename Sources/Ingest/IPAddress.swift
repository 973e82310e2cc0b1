import Glibc

/// An IPv4 or IPv6 address; an IPv4 one as IPv6 has it (`::ffff:1.2.3.4`).
struct IPAddress: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// Reads `1.2.3.4`, `2001:db8::1`, and what proxies write: `1.2.3.4:5678`, `[2001:db8::1]:5678`.
    init?(_ text: String) {
        var text = text[...]
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            text = text[text.index(after: text.startIndex)..<end]
        } else if text.filter({ $0 == ":" }).count == 1, let colon = text.firstIndex(of: ":") {
            text = text[..<colon]
        }
        guard text.utf8.count <= 45 else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, String(text), &four) == 1 {
            high = 0
            low = 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, String(text), &six) == 1 else { return nil }
        (high, low) = withUnsafeBytes(of: &six) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// 127.0.0.0/8 or ::1.
    var isLoopback: Bool { isIPv4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1 }

    /// What shares one rate limit: the address itself, of IPv6 its /64, which is what one household has.
    var rateGroup: (UInt64, UInt64) { isIPv4 ? (high, low) : (high, 0) }

    /// 16 bytes, big-endian.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for word in [high, low] { withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }
}

/// A block of addresses: `10.0.0.0/8`, `::1/128`, or a single address.
struct AddressBlock: Sendable {
    private let base: IPAddress
    private let highMask: UInt64
    private let lowMask: UInt64

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(String(first)) else { return nil }
        let bits = base.isIPv4 ? 32 : 128
        var length = bits
        if parts.count == 2 {
            guard let value = Int(parts[1]), (0...bits).contains(value) else { return nil }
            length = value
        }
        let prefix = length + (128 - bits)
        self.base = base
        highMask = Self.mask(prefix)
        lowMask = Self.mask(prefix - 64)
    }

    func contains(_ address: IPAddress) -> Bool {
        (address.high ^ base.high) & highMask == 0 && (address.low ^ base.low) & lowMask == 0
    }

    private static func mask(_ bits: Int) -> UInt64 {
        bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
    }
}

/// Whose word about a visitor's address is taken.
struct TrustedProxies: Sendable {
    let blocks: [AddressBlock]

    func trusts(_ address: IPAddress) -> Bool { blocks.contains { $0.contains(address) } }

    /// The visitor's address: the right-most of `X-Forwarded-For` that is no trusted proxy's, where the peer is one;
    /// the left-most where all are; else the peer's. `peer` is nil for a Unix socket, whose peer is always trusted.
    func visitor(peer: IPAddress?, forwardedFor: [UnsafeRawBufferPointer]) -> IPAddress? {
        if let peer, !trusts(peer) { return peer }
        var address = peer
        for header in forwardedFor.reversed() {
            for entry in header.split(separator: UInt8(ascii: ",")).reversed() {
                let text = String(decoding: entry, as: UTF8.self).filter { $0 != " " && $0 != "\t" && $0 != "\"" }
                guard let forwarded = IPAddress(text) else { return address }
                address = forwarded
                if !trusts(forwarded) { return forwarded }
            }
        }
        return address
    }
}
