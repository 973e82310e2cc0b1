import Hummingbird
import NIOPosix
import Synchronization

/// A few threads for calls that block, with a bound on what waits for them, so that neither the event loops nor the
/// cooperative pool ever stand still.
package final class BlockingThreads: Sendable {
    private let pool: NIOThreadPool
    /// How many calls may run and wait together; more are refused with a 503.
    private let maximumCalls: Int
    private let calls = Mutex(0)

    package init(threads: Int, maximumWaiting: Int) {
        maximumCalls = threads + maximumWaiting
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    /// Runs `body` on one of the threads. A task cancelled while it waits is never begun.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let admitted = calls.withLock { calls in
            guard calls < maximumCalls else { return false }
            calls += 1
            return true
        }
        guard admitted else {
            throw Problem(
                .serviceUnavailable, "too many requests wait at the moment; try again in a second",
                headers: [.retryAfter: "1"])
        }
        defer { calls.withLock { $0 -= 1 } }
        return try await pool.runIfActive(body)
    }

    /// Ends the threads once what they run is done.
    package func stop() async throws { try await pool.shutdownGracefully() }
}
