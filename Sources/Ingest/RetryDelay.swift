import NIOCore

/// How long to wait for the log while too much waits for the disk: doubled each time that it has no room still, for
/// what is handed to it is read anew.
struct RetryDelay {
    private static let first = TimeAmount.milliseconds(5)
    private static let longest = TimeAmount.milliseconds(80)

    private var upcoming = Self.first

    mutating func next() -> TimeAmount {
        defer { upcoming = min(upcoming * 2, Self.longest) }
        return upcoming
    }

    /// The log has taken something.
    mutating func reset() { upcoming = Self.first }
}
