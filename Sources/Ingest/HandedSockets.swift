import Glibc
import Systemd

/// Which of the sockets that the service manager handed over serve what. Where there is any, the daemon listens on
/// those alone.
struct HandedSockets {
    private(set) var sockets: [(kind: ListenerKind, socket: ListenSocket)] = []
    /// What the operator should look at.
    private(set) var warnings: [String] = []

    /// Closes those whose name says nothing here: nobody would answer who connects to them.
    init(_ handed: [ListenSocket]) throws(IngestError) {
        guard !handed.isEmpty else { return }
        let known = ListenerKind.allCases.map(\.rawValue).joined(separator: ", ")
        for socket in handed.sorted(by: { $0.descriptor < $1.descriptor }) {
            guard let kind = ListenerKind(rawValue: socket.name) else {
                warnings.append(
                    "a socket was handed over as \(socket.name), and is not listened on; FileDescriptorName= is one of "
                        + known)
                close(socket.descriptor)
                continue
            }
            guard (socket.family == .unix) == (kind != .http) else {
                let wanted = kind == .http ? "a TCP socket" : "a Unix socket"
                throw IngestError(
                    .badSocket, "the socket handed over as \(socket.name) is not \(wanted); correct its socket unit")
            }
            sockets.append((kind, socket))
        }
        guard !sockets.isEmpty else {
            throw IngestError(
                .badSocket,
                "none of the sockets handed over has a name of the daemon's; FileDescriptorName= is one of \(known)")
        }
        for kind in ListenerKind.allCases where !sockets.contains(where: { $0.kind == kind }) {
            warnings.append(
                "no socket was handed over as \(kind.rawValue), so nothing listens there; start its socket unit")
        }
    }
}
