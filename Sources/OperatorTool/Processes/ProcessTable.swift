import Glibc

/// What the kernel says of processes that this one didn't start.
enum ProcessTable {
    static func isRunning(_ pid: pid_t) -> Bool {
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        // A zombie is gone but for its parent's taking notice.
        guard let status = try? TextFile.read("/proc/\(pid)/stat"), let end = status.lastIndex(of: ")") else {
            return false
        }
        return !status[end...].hasPrefix(") Z")
    }

    /// The words of its command line; empty where it is gone or may not be looked at.
    static func commandLine(_ pid: pid_t) -> [String] {
        let text = (try? TextFile.read("/proc/\(pid)/cmdline")) ?? ""
        return text.split(separator: "\0").map(String.init)
    }

    /// The file name of the program that it runs.
    static func program(_ pid: pid_t) -> String? {
        commandLine(pid).first?.split(separator: "/").last.map(String.init)
    }

    /// Waits until the process is gone, at most so long.
    static func waitForEnd(_ pid: pid_t, seconds: Double) -> Bool {
        let limit = ContinuousClock.now + .seconds(seconds)
        while isRunning(pid) {
            guard ContinuousClock.now < limit else { return false }
            usleep(50_000)
        }
        return true
    }

    /// The directory of this process's own program.
    static func ownDirectory() -> String {
        let path = ownPath()
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    static func ownPath() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4_096) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let count = max(0, readlink("/proc/self/exe", start, buffer.count))
            return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }
    }
}
