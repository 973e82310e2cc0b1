import Glibc

/// The files that the process may have open, of which each connection is one. Without room for one more the system
/// lets no connection be accepted, and tells so over and over.
enum OpenFiles {
    /// For the log, the listeners and everything else that is no connection.
    static let reserved = 128

    /// Raises the limit of the process, as far as the system lets it, so that `connections` fit; gives how many do.
    static func makeRoom(forConnections connections: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return connections }
        let wanted = rlim_t(connections + reserved)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(wanted, limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return max(1, min(connections, Int(clamping: limit.rlim_cur) - reserved))
    }
}
