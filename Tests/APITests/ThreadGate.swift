import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Holds threads until a test lets some of them go on.
final class ThreadGate: Sendable {
    private let permits = Mutex(0)

    func wait() {
        while !permits.withLock({ permits in
            guard permits > 0 else { return false }
            permits -= 1
            return true
        }) { usleep(200) }
    }

    func open(_ count: Int) { permits.withLock { $0 += count } }
}
