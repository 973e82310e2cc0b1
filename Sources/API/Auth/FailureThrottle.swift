/// Counts failed sign-ins an address: a pure state machine, its owner brings lock and clock.
///
/// An attempt counts from its begin, so that many at once gain nothing; one that succeeds is taken back.
struct FailureThrottle {
    static let maximumFailures = 10
    static let window = Duration.seconds(15 * 60)
    /// With more addresses than this the one whose last failure is the oldest is forgotten.
    static let maximumAddresses = 10_000

    private var failures: [String: [ContinuousClock.Instant]] = [:]

    /// Notes an attempt; where the address has used up its failures, gives how long it has to wait instead.
    mutating func begin(_ address: String, at now: ContinuousClock.Instant) -> Duration? {
        var recent = (failures[address] ?? []).filter { now - $0 < Self.window }
        if recent.count >= Self.maximumFailures, let oldest = recent.first {
            failures[address] = recent
            return Self.window - (now - oldest)
        }
        recent.append(now)
        failures[address] = recent
        if failures.count > Self.maximumAddresses { forgetSome(at: now) }
        return nil
    }

    /// Takes back the attempt that began at `start`.
    mutating func succeeded(_ address: String, begunAt start: ContinuousClock.Instant) {
        guard var recent = failures[address], let index = recent.lastIndex(of: start) else { return }
        recent.remove(at: index)
        failures[address] = recent.isEmpty ? nil : recent
    }

    private mutating func forgetSome(at now: ContinuousClock.Instant) {
        failures = failures.filter { _, times in times.last.map { now - $0 < Self.window } ?? false }
        while failures.count > Self.maximumAddresses,
            let oldest = failures.min(by: { ($0.value.last ?? now) < ($1.value.last ?? now) })
        {
            failures[oldest.key] = nil
        }
    }
}
