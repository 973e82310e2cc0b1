import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Whether the program is to end, and who wants to hear of it.
package final class StopRequest: Sendable {
    private struct State {
        var isRequested = false
        var listener: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package var isRequested: Bool { state.withLock { $0.isRequested } }

    package func request() {
        let listener = state.withLock { state in
            state.isRequested = true
            return state.listener
        }
        listener?()
    }

    /// Has `listener` called at the request, at once where it was made already. There is one listener: a later one
    /// takes its place.
    func onRequest(_ listener: @escaping @Sendable () -> Void) {
        let wasRequested = state.withLock { state in
            state.listener = listener
            return state.isRequested
        }
        if wasRequested { listener() }
    }

    /// Makes the request when the process gets SIGTERM or SIGINT. The sources live as long as the process.
    package func followSignals() {
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { self.request() }
            source.resume()
            Self.sources.withLock { $0.append(Source(source)) }
        }
    }

    /// A source that is only kept, never touched again.
    private struct Source: @unchecked Sendable {
        let source: any DispatchSourceSignal

        init(_ source: any DispatchSourceSignal) { self.source = source }
    }

    private static let sources = Mutex<[Source]>([])
}
