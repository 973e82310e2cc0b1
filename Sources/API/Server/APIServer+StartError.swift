import Glibc
import NIOCore

extension APIServer {
    /// Why the address could not be listened on, and what to do about it.
    static func startError(_ error: IOError, listen: String) -> APIError {
        switch error.errnoCode {
        case EADDRINUSE:
            APIError(
                .occupied,
                "another program listens on \(listen); stop it, or name another address as api.listen",
                underlying: error)
        case EADDRNOTAVAIL:
            APIError(
                .badAddress, "\(listen) is no address of this machine; name another one as api.listen",
                underlying: error)
        case EACCES:
            APIError(
                .notPermitted,
                "this user may not listen on \(listen); name a port over 1023 as api.listen", underlying: error)
        default:
            APIError(.failed, "cannot listen on \(listen): \(error)", underlying: error)
        }
    }
}
