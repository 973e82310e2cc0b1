import Glibc

/// A way for asynchronous code to make calls that block: each on a thread of its own, never on the cooperative pool.
///
/// A thread costs some 20 µs; the caller bounds how many calls run at once.
package enum BlockingThread {
    /// Runs `body` on a new thread and gives its value or error.
    package static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            start { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Holds the work until the thread takes it.
    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private static func start(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // DuckDB's planner recurses on deep statements.
        pthread_attr_setstacksize(&attributes, 8 * 1_024 * 1_024)
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        // Without a thread to give it to, the work is done here: late, but done.
        if failure != 0 { work.takeRetainedValue().body() }
    }
}

extension DuckDBDatabase {
    /// Runs `body` with a connection of its own on a thread of its own. Where the task is cancelled, the statement
    /// that runs is interrupted, and it and each later one give `.interrupted`.
    package func run<T: Sendable>(
        _ body: @escaping @Sendable (DuckDBConnection) throws -> T
    ) async throws -> T {
        let connection = SentConnection(try connect())
        let interrupter = connection.value.interrupter
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await BlockingThread.run { try body(connection.value) }
        } onCancel: {
            interrupter.stop()
        }
    }
}

/// Carries a connection to the one thread that uses it.
private struct SentConnection: @unchecked Sendable {
    let value: DuckDBConnection

    init(_ value: DuckDBConnection) { self.value = value }
}
