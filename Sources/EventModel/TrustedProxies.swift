/// Whose word about a visitor is taken.
package struct TrustedProxies: Hashable, Sendable {
    package let blocks: [AddressBlock]

    /// How many entries of `X-Forwarded-For` are looked at, from the right: more proxies stand in no row.
    package static let hopLimit = 32

    /// The machine itself.
    package static let loopback = TrustedProxies(["127.0.0.1/32", "::1/128"].compactMap { AddressBlock($0) })

    package init(_ blocks: [AddressBlock]) { self.blocks = blocks }

    package func trusts(_ address: IPAddress) -> Bool { blocks.contains { $0.contains(address) } }

    /// The visitor's address: the right-most of `X-Forwarded-For` that is no trusted proxy's, where the peer is one;
    /// the left-most where all are; else the peer's. `peer` is nil for a Unix socket, whose peer is always trusted.
    /// What stands left of an entry that is no address is not believed. `forwardedFor` holds the header's values in
    /// their order.
    package func visitor(peer: IPAddress?, forwardedFor: [UnsafeRawBufferPointer]) -> IPAddress? {
        if let peer, !trusts(peer) { return peer }
        var address = peer
        var hops = 0
        for header in forwardedFor.reversed() {
            var end = header.count
            while end >= 0 {
                let comma = header[..<end].lastIndex(of: UInt8(ascii: ","))
                let entry = UnsafeRawBufferPointer(rebasing: header[(comma.map { $0 + 1 } ?? 0)..<end])
                end = comma ?? -1
                if entry.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
                guard hops < Self.hopLimit, let forwarded = IPAddress(forwarded: entry) else { return address }
                hops += 1
                address = forwarded
                if !trusts(forwarded) { return forwarded }
            }
        }
        return address
    }
}
