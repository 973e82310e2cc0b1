import CSystemd
import Glibc

/// A listening stream socket that the service manager made and handed over. It goes on to exist when this process
/// ends: who connects meanwhile waits in its backlog for the next process.
package struct ListenSocket: Sendable, Equatable {
    package enum Family: Sendable, Equatable { case internet, unix }

    /// `FileDescriptorName=` of the socket's unit.
    package let name: String
    /// Closed on exec, and not blocking; the receiver's to close.
    package let descriptor: Int32
    package let family: Family

    /// Checks what stands behind the descriptor, and makes it ready to be listened on.
    package init(name: String, descriptor: Int32) throws(SystemdError) {
        self.name = name
        self.descriptor = descriptor
        if sd_is_socket(descriptor, AF_UNIX, Int32(SOCK_STREAM.rawValue), 1) > 0 {
            family = .unix
        } else if sd_is_socket_inet(descriptor, AF_UNSPEC, Int32(SOCK_STREAM.rawValue), 1, 0) > 0 {
            family = .internet
        } else {
            throw SystemdError(
                .badSocket,
                "what was handed over as \(name) (descriptor \(descriptor)) is no listening stream socket; "
                    + "its unit needs ListenStream= and Accept=no")
        }
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else {
            throw SystemdError(
                .badSocket, "the socket handed over as \(name) cannot be set up: \(String(cString: strerror(errno)))")
        }
    }

    /// The sockets that were handed to this process, in any order; none where it was started in another way. The
    /// environment that says so is removed, so that no child takes them for its own: a second call gives none.
    package static func takeHandedOver() throws(SystemdError) -> [ListenSocket] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        defer {
            for index in 0..<max(0, Int(count)) { free(names?[index]) }
            free(names)
        }
        guard count >= 0 else {
            let reason = String(cString: strerror(-count))
            throw SystemdError(
                .unreadable,
                "what LISTEN_FDS and LISTEN_FDNAMES say of the sockets handed over cannot be read: \(reason)")
        }
        var sockets: [ListenSocket] = []
        for index in 0..<Int(count) {
            let name = names?[index].map { String(cString: $0) } ?? "unknown"
            sockets.append(try ListenSocket(name: name, descriptor: SD_LISTEN_FDS_START + Int32(index)))
        }
        return sockets
    }
}
