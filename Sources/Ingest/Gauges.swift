import Synchronization

/// What the daemon holds at this moment, by event loop; a reader adds them up.
final class Gauges: Sendable {
    struct Values: Sendable {
        var connections = 0
        var bufferedBytes = 0
    }

    private let connections = Atomic(0)
    private let bufferedBytes = Atomic(0)

    func set(connections count: Int) { connections.store(count, ordering: .relaxed) }

    func set(bufferedBytes count: Int) { bufferedBytes.store(count, ordering: .relaxed) }

    static func sum(_ gauges: [Gauges]) -> Values {
        gauges.reduce(into: Values()) {
            $0.connections += $1.connections.load(ordering: .relaxed)
            $0.bufferedBytes += $1.bufferedBytes.load(ordering: .relaxed)
        }
    }
}
