import Synchronization

/// What the thread that does a job and the timer that holds its claim tell each other.
final class JobProgress: Sendable {
    private struct State {
        var share = 0.0
        var message = ""
        var stopReason: JobStopped.Reason?
    }

    private let state = Mutex(State())

    func set(_ share: Double, _ message: String) {
        state.withLock { state in
            state.share = share
            state.message = message
        }
    }

    /// The last report.
    var report: (share: Double, message: String) { state.withLock { ($0.share, $0.message) } }

    func stop(_ reason: JobStopped.Reason) {
        state.withLock { state in state.stopReason = state.stopReason ?? reason }
    }

    var stopReason: JobStopped.Reason? { state.withLock { $0.stopReason } }
}
