import EventModel
import FoundationEssentials
import Glibc
import Synchronization

/// The clock of leases: time since the machine booted, sleep included, and which boot that was. Setting the time of
/// day does not move it.
package struct BootClock: Sendable {
    /// Names the boot; times of another boot say nothing.
    package let bootID: String
    private let read: @Sendable () -> Duration

    package init(bootID: String, _ read: @escaping @Sendable () -> Duration) {
        self.bootID = bootID
        self.read = read
    }

    /// Since the boot.
    package func now() -> Duration { read() }

    /// CLOCK_BOOTTIME, with the kernel's id of this boot.
    package static let system = BootClock(bootID: systemBootID()) {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    private static func systemBootID() -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return String(text.prefix { !$0.isWhitespace })
    }
}

/// A lease's clock for tests that moves only when told to.
package final class ManualBootClock: Sendable {
    private let bootID: String
    private let time: Mutex<Duration>

    package init(bootID: String = "boot-1", at start: Duration = .seconds(1_000)) {
        self.bootID = bootID
        time = Mutex(start)
    }

    package var clock: BootClock { BootClock(bootID: bootID) { self.time.withLock { $0 } } }

    package func advance(by duration: Duration) { time.withLock { $0 += duration } }
}
