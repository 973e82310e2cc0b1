import EventModel
import NIOCore
import WriteAheadLog

/// A connection that streams lines: one of the stream socket, or one of HTTP while the body of a streamed request
/// lasts. Moves bytes between the connection and its `LineReader`, reads only while the log keeps up and the sender
/// takes its answers, and ends when all is answered. Where the log takes nothing it answers `{"error": …}` and ends;
/// what was not acknowledged has to be sent again.
final class StreamConnection: ChannelDuplexHandler, RemovableChannelHandler, IngestConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes of a request that wait to be taken out of their framing before no more are read.
    static let rawBytes = 256 << 10
    /// Bytes of lines that are taken out of their framing and encoding at a time.
    static let pieceBytes = 64 << 10

    let loop: IngestLoop
    let lines: LineReader
    /// Nil on the stream socket.
    var body: StreamBody?
    var context: ChannelHandlerContext?
    /// Bytes of a request's body still in their framing.
    var raw = ByteBuffer()
    private(set) var inputEnded = false
    private var sentHead = false
    private var holdsRead = false
    private var isMoving = false
    private var countedBytes = 0
    private(set) var ending: Ending?
    private(set) var blockedSince: NIODeadline?
    private(set) var lastByteAt = NIODeadline.now()
    let openedAt = NIODeadline.now()

    var bounds: IngestOptions.Bounds { loop.shared.options.bounds }

    /// `raw` is what came of the body already, on a connection that was of use at `lastUse`.
    init(
        loop: IngestLoop, source: LineSource = LineSource(), body: StreamBody? = nil, raw: ByteBuffer = ByteBuffer(),
        inputEnded: Bool = false, lastUse: NIODeadline = .now()
    ) {
        self.loop = loop
        self.body = body
        self.raw = raw
        self.inputEnded = inputEnded
        lines = LineReader(loop: loop, source: source)
        lines.lastUse = lastUse
        lines.whenMoved = { [weak self] in self?.move() }
        // Proxies such as nginx pass no more of a body on once an answer has begun: theirs is answered at its end.
        lines.holdsAnswers = body.map { $0.peer == .proxy || $0.isForwarded } ?? false
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.opened(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    private func forget() {
        guard context != nil else { return }
        context = nil
        ending = nil
        raw.clear()
        lines.stop(refusesRequest: false)
        body = nil
        countBuffered()
        loop.closed(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        lastByteAt = .now()
        guard ending == nil, lines.failure == nil else { return }
        if body == nil { lines.buffer.take(&incoming) } else { raw.take(&incoming) }
        move()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        inputEnded = true
        if let ending { return ending.endInput() }
        if body == nil { lines.inputEnded = true }
        move()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        blockedSince = context.channel.isWritable ? nil : .now()
        move()
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { holdsRead = true }
    }

    /// What is left of a connection that ends is read too, and dropped: closing with bytes unread would reset it.
    private var mayRead: Bool {
        if ending != nil { return true }
        return lines.wantsMore && raw.readableBytes < Self.rawBytes && context?.channel.isWritable != false
    }

    /// Whether the connection waits for its sender, not the sender for it.
    var waitsForSender: Bool { !holdsRead && lines.groups.isEmpty }

    /// Moves what can be moved: bytes to lines, lines to the log, answers to the sender.
    func move() {
        guard !isMoving, let context, ending == nil else { return }
        isMoving = true
        var moved = true
        while moved, context.channel.isWritable {
            moved = takeBody()
            if lines.readLines() { moved = true }
            lines.boundHeldAnswers()
            flush()
        }
        boundBuffered()
        // What is sent here may change whether more can be sent, which asks for moving again.
        endIfDone()
        isMoving = false
        if holdsRead, mayRead {
            holdsRead = false
            lastByteAt = .now()
            self.context?.read()
        }
    }

    /// Takes bytes of a request out of their framing. Whether it moved any.
    private func takeBody() -> Bool {
        // What waits stays packed: a little of it may be a thousand times more.
        guard body != nil, lines.wantsMore else { return false }
        let limit = min(
            lines.buffer.readableBytes + Self.pieceBytes, bounds.eventBodyBytes + LineReader.outputBytes)
        var hasMoved = false
        do throws(Refusal) {
            hasMoved = try body?.read(&raw, into: &lines.buffer, limit: limit) ?? false
        } catch {
            // Whole lines that came before the fault are good; the one that the fault cut is not.
            while lines.readLines() {}
            lines.refuse(error)
        }
        if body?.isComplete == true { lines.inputEnded = true }
        return hasMoved
    }

    private func flush() {
        guard let context, !lines.holdsAnswers else { return }
        if body != nil, !sentHead {
            guard !lines.isWhollyRefused, lines.lines > 0 || lines.refreshKey() else { return }
            sendHead()
        }
        guard lines.output.readableBytes > 0 else { return }
        let output = lines.output
        lines.output = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(body?.framed(output) ?? output), promise: nil)
    }

    private func sendHead() {
        guard let body, let context else { return }
        sentHead = true
        context.writeAndFlush(wrapOutboundOut(body.answerHead(closes: !mayKeep, date: loop.date.line)), promise: nil)
    }

    private var mayKeep: Bool { body?.keepsAlive == true && !loop.isDraining }

    /// Ends a stream that holds much where all hold too much memory already. Those that wait for a rate limit, which
    /// may be for long, take at most half of it: who waits so keeps nobody else from sending.
    private func boundBuffered() {
        countBuffered()
        let limit = lines.waitsForTokens ? bounds.bufferedBytes / 2 : bounds.bufferedBytes
        guard countedBytes > bounds.beaconBodyBytes, loop.bufferedBytes > limit, lines.failure == nil else { return }
        lines.refuse(Refusal(.overloaded, "too many unfinished requests; try again later"))
        countBuffered()
    }

    private func countBuffered() {
        if lines.failure != nil {
            raw = ByteBuffer()
            body?.release()
        }
        let size = raw.readableBytes + lines.buffer.readableBytes + (body?.memoryBytes ?? 0)
        loop.bufferedBytes += size - countedBytes
        countedBytes = size
    }

    private func endIfDone() {
        guard let context, ending == nil else { return }
        if loop.isDraining, !lines.isDone { lines.stop(refusesRequest: body != nil && !sentHead) }
        if inputEnded, let body, !body.isComplete, lines.wantsMore, context.channel.isWritable {
            lines.refuse(Refusal(.malformedRequest, "the body ended before its end"))
        }
        if lines.isDone, lines.failure == nil, body != nil, lines.key == nil {
            lines.refuse(Refusal(.noKey, "the request has no key, and no line that names one"))
        }
        guard lines.isDone else { return }
        lines.releaseAnswers()
        // Once a line was taken its answer has to be told, whatever went wrong then.
        if body != nil, !sentHead, lines.isWhollyRefused, let failure = lines.failure {
            refuseRequest(failure)
            return end(context)
        }
        lines.writeFailure()
        flush()
        if let body {
            var last = ByteBuffer()
            last.writeStaticString(body.answerEnd)
            context.writeAndFlush(wrapOutboundOut(last), promise: nil)
        }
        if mayKeep, lines.failure == nil { handBack(context) } else { end(context) }
    }

    /// A request refused before its answer began has one like any other.
    private func refuseRequest(_ refusal: Refusal) {
        let status =
            switch refusal.reason {
            case .noKey, .unknownKey: 401
            case .wrongOrigin: 403
            case .tooSlow: 408
            case .overloaded, .logUnavailable: 503
            default: 400
            }
        var answer = Answer.problem(status, refusal)
        answer.allowedOrigin = body?.allowedOrigin
        answer.closes = true
        if status == 503 { answer.retryAfterSeconds = 1 }
        answer.verdict = lines.failureVerdict
        var output = ByteBuffer()
        answer.write(to: &output, date: loop.date.line)
        context?.writeAndFlush(wrapOutboundOut(output), promise: nil)
    }

    /// Ends the connection once the sender has taken its answers.
    private func end(_ context: ChannelHandlerContext) {
        let ending = Ending(context, inputEnded: inputEnded, bounds, linger: bounds.lingerTimeout)
        self.ending = ending
        ending.begin()
        if holdsRead {
            holdsRead = false
            context.read()
        }
    }

    /// The connection serves requests again.
    private func handBack(_ context: ChannelHandlerContext) {
        guard let body else { return context.close(promise: nil) }
        let next = HTTPConnection(
            loop: loop, peer: body.peer, rest: raw, inputEnded: inputEnded, lastUse: lines.lastUse)
        replace(with: next, context) { next.start() }
    }

    /// Begins with what came already.
    func start() {
        guard let context, let body, ending == nil else { return }
        if body.expectsContinue, raw.readableBytes == 0, lines.source.key == nil || lines.refreshKey() {
            var interim = ByteBuffer()
            interim.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(interim), promise: nil)
        }
        move()
    }
}

extension RemovableChannelHandler {
    /// Puts `next` in this handler's place. It starts in a turn of its own, so that a row of short streams makes no
    /// deep stack.
    func replace(with next: some ChannelHandler, _ context: ChannelHandlerContext, start: @escaping () -> Void) {
        let pipeline = context.pipeline.syncOperations
        do { try pipeline.addHandler(next, position: .after(self)) } catch { return context.close(promise: nil) }
        context.eventLoop.assumeIsolated().execute(start)
        context.read()
        pipeline.removeHandler(context: context, promise: nil)
    }
}
