import NIOCore

extension IngestLoop {
    /// Of all connections an event loop may have, the part that makes room at a time, so that looking for them costs
    /// little for each connection that comes.
    private static let roomFraction = 64

    /// Closes the connections that have been of no use for longest, where new ones wait: of those that came by TCP and
    /// for which nothing waits to be answered, the ones whose last event was taken, or which were opened, longest ago
    /// and at least `uselessTimeout`. So nobody locks others out by holding connections, however busy he keeps them
    /// with what is refused.
    func makeRoom() {
        let limit = NIODeadline.now() - TimeAmount(shared.options.bounds.uselessTimeout)
        let useless = allConnections.compactMap { connection in
            connection.uselessSince.flatMap { $0 <= limit ? (since: $0, connection: connection) : nil }
        }
        let count = max(1, shared.options.bounds.connections / Self.roomFraction)
        for (_, connection) in useless.sorted(by: { $0.since < $1.since }).prefix(count) { connection.abandon() }
    }
}
