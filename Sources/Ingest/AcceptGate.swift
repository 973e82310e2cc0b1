import NIOCore
import Synchronization

/// Stands before a listener's accepting: while the daemon has as many connections as it may, new ones wait in the
/// backlog, and those that are of no use to anybody are asked to make room.
final class AcceptGate: ChannelOutboundHandler {
    typealias OutboundIn = Never

    /// The connections of all listeners.
    final class Count: Sendable {
        private struct State {
            var open = 0
            var waiting: [any Channel] = []
            var isShut = false
            var whenFull: @Sendable () -> Void = {}
        }

        private let limit: Int
        private let state = Mutex(State())

        init(limit: Int) { self.limit = limit }

        var open: Int { state.withLock { $0.open } }

        /// Whether connections wait in the backlog because too many are open.
        var isFull: Bool { state.withLock { !$0.waiting.isEmpty } }

        /// `body` is called when a connection has to wait.
        func whenFull(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.whenFull = body } }

        /// From now on nobody is admitted, also when a connection ends.
        func shut() {
            state.withLock {
                $0.isShut = true
                $0.waiting = []
            }
        }

        func opened(_ channel: any Channel) {
            state.withLock { $0.open += 1 }
            channel.closeFuture.whenComplete { _ in self.closed() }
        }

        /// Whether the listener may accept now; else it is told when.
        fileprivate func admits(_ listener: any Channel) -> Bool {
            let (admits, whenFull) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
                if state.isShut { return (false, nil) }
                if state.open < limit { return (true, nil) }
                state.waiting.append(listener)
                return (false, state.whenFull)
            }
            whenFull?()
            return admits
        }

        private func closed() {
            let waiting = state.withLock { state -> [any Channel] in
                state.open -= 1
                defer { state.waiting = [] }
                return state.waiting
            }
            for listener in waiting { listener.read() }
        }
    }

    private let count: Count

    init(_ count: Count) { self.count = count }

    func read(context: ChannelHandlerContext) {
        if count.admits(context.channel) { context.read() }
    }
}
