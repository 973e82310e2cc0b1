import NIOCore

/// How a connection ends: what was sent goes out first, then its sending side is closed, and what still comes is
/// dropped for a moment. Closing with bytes unread would reset the connection and could destroy the answer on its way;
/// and where the other side has ended its own, NIO closes the whole and drops what has not gone out.
final class Ending {
    private let context: ChannelHandlerContext
    private let linger: TimeAmount
    private var inputEnded: Bool
    private var isSent = false
    /// For the other side to take the answers, then to end its own.
    private var deadline: NIODeadline

    init(_ context: ChannelHandlerContext, inputEnded: Bool, _ bounds: IngestOptions.Bounds, linger: Duration) {
        self.context = context
        self.inputEnded = inputEnded
        self.linger = TimeAmount(linger)
        deadline = .now() + TimeAmount(bounds.writeTimeout)
    }

    /// May end the connection before it returns.
    func begin() {
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in self.wasSent() }
        if inputEnded {
            // Goes out behind everything else.
            context.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
        } else {
            context.close(mode: .output, promise: sent)
        }
    }

    /// The other side sends nothing more.
    func endInput() {
        inputEnded = true
        if isSent { context.close(promise: nil) }
    }

    func checkTimeout(_ now: NIODeadline) {
        if now >= deadline { context.close(promise: nil) }
    }

    private func wasSent() {
        isSent = true
        deadline = .now() + linger
        if inputEnded { context.close(promise: nil) }
    }
}
