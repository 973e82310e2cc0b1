import Glibc
import Synchronization

/// Where the time of day comes from.
package struct Clock: Sendable {
    private let read: @Sendable () -> Timestamp

    package init(_ read: @escaping @Sendable () -> Timestamp) { self.read = read }

    package func now() -> Timestamp { read() }

    /// The machine's clock.
    package static let system = Clock { systemTime() }

    /// A clock that stands still.
    package static func fixed(_ time: Timestamp) -> Clock { Clock { time } }

    /// A clock that stands at `start` now and ticks on from there.
    package static func ticking(from start: Timestamp) -> Clock {
        let origin = uptime()
        return Clock { start + (uptime() - origin) }
    }

    /// The clock of workers and of the tool: `MILLRACE_NOW` (ISO 8601) moves it, else it is the machine's.
    /// Nil where `MILLRACE_NOW` is not a time.
    package static func named(in environment: [String: String]) -> Clock? {
        guard let text = environment["MILLRACE_NOW"], !text.isEmpty else { return .system }
        guard let start = Timestamp(text) else { return nil }
        return .ticking(from: start)
    }

    private static func systemTime() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    private static func uptime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}

/// A clock for tests that moves only when told to.
package final class ManualClock: Sendable {
    private let time: Mutex<Timestamp>

    package init(_ start: Timestamp) { time = Mutex(start) }

    package func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }

    package func set(to moment: Timestamp) { time.withLock { $0 = moment } }

    package var clock: Clock { Clock { self.time.withLock { $0 } } }
}
