import EventModel

/// Who is at the other end of a connection.
enum Peer: Equatable, Sendable {
    /// A proxy of this machine, which the system let reach the Unix socket: its word about its visitors is taken.
    case proxy
    case address(IPAddress)

    /// Nil for a proxy of this machine.
    var address: IPAddress? {
        switch self {
        case .proxy: nil
        case .address(let address): address
        }
    }
}
