import EventModel

extension TrustedProxies {
    /// By what failed sign-ins are counted: an IPv4 address, or the /64 network of an IPv6 one, since a single
    /// machine usually has all of that. A peer without an address is `unknown`, and trusted in nothing.
    func client(peer: String?, forwardedFor: [String]) -> String {
        guard let peer = peer.flatMap({ IPAddress($0) }) else { return "unknown" }
        let header = Array(forwardedFor.joined(separator: ",").utf8)
        let address = header.withUnsafeBytes { visitor(peer: peer, forwardedFor: [$0]) }
        return (address ?? peer).network.description
    }
}
