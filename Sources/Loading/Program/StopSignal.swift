import EventModel
import Glibc
import Synchronization

/// Tells threads that block to come to their end.
package final class StopSignal: Sendable {
    private let flag = Mutex(false)
    /// How soon a waiting thread notices.
    private static let pulseMilliseconds: Int64 = 50

    package init() {}

    package var isSet: Bool { flag.withLock { $0 } }

    package func set() { flag.withLock { $0 = true } }

    /// Waits for the signal, but no longer than the duration; true where it is set.
    func wait(for duration: Duration) -> Bool {
        let end = ContinuousClock.now + duration
        while !isSet {
            let left = min((end - .now).wholeMilliseconds, Self.pulseMilliseconds)
            guard left > 0 else { return false }
            var pause = timespec(tv_sec: 0, tv_nsec: Int(left) * 1_000_000)
            nanosleep(&pause, nil)
        }
        return true
    }
}
