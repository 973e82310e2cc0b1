import EventModel
import Synchronization

/// What the daemon answered since it started, and why it refused. One for each event loop, so that counting never
/// waits; a reader adds them up.
final class Counters: Sendable {
    struct Values: Sendable {
        var verdict = Verdict()
        var refusals: [Refusal.Reason: Int] = [:]
        var requests = 0
        var sample: [RefusalSample] = []
    }

    static let sampleSize = 100

    private let values = Mutex(Values())

    init() {}

    func add(_ verdict: Verdict) {
        values.withLock {
            $0.verdict += verdict
            $0.requests += 1
        }
    }

    /// Counts a refusal of `events` events and keeps it among the last ones.
    func add(_ refusal: Refusal, events: Int = 1, project: String?, endpoint: String, at time: Timestamp) {
        values.withLock { values in
            values.refusals[refusal.reason, default: 0] += events
            if values.sample.count >= Self.sampleSize { values.sample.removeFirst() }
            values.sample.append(
                RefusalSample(
                    at: time, reason: refusal.reason, field: refusal.field, text: refusal.text, project: project,
                    endpoint: endpoint))
        }
    }

    func read() -> Values { values.withLock { $0 } }

    /// All together, with the newest of their samples.
    static func sum(_ counters: [Counters]) -> Values {
        var sum = Values()
        for values in counters.map({ $0.read() }) {
            sum.verdict += values.verdict
            sum.refusals.merge(values.refusals, uniquingKeysWith: +)
            sum.requests += values.requests
            sum.sample += values.sample
        }
        sum.sample = Array(sum.sample.sorted { $0.at < $1.at }.suffix(sampleSize))
        return sum
    }
}

/// One refusal as a site's owner may see it: without anything the sender wrote, and without his address.
struct RefusalSample: Sendable {
    let at: Timestamp
    let reason: Refusal.Reason
    let field: String?
    let text: String
    let project: String?
    let endpoint: String
}
