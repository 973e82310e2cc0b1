import Synchronization

/// Whether the worker was asked to stop; asked once, it stays asked.
package final class StopSignal: Sendable {
    private struct State {
        var isAsked = false
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package var isAsked: Bool { state.withLock(\.isAsked) }

    /// Asks, and runs what the job that is under way left here.
    package func ask() {
        let action = state.withLock { state in
            state.isAsked = true
            defer { state.action = nil }
            return state.action
        }
        action?()
    }

    /// Runs `action` when a stop is asked for: at once where it was already. It takes the place of the one before.
    func whenAsked(_ action: (@Sendable () -> Void)?) {
        let isAsked = state.withLock { state in
            state.action = state.isAsked ? nil : action
            return state.isAsked
        }
        if isAsked { action?() }
    }
}
