import EventModel
import NIOCore
import WriteAheadLog

/// One HTTP/1.1 connection: collects the bytes of requests, has them handled in their order, and sends the answers in
/// that order. All of it happens on its event loop.
final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler, IngestConnection, LogWaiter {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How far the request at the start of `buffer` has come.
    enum Progress {
        case head(searched: Int)
        /// The whole body has to be there. `refusal` is what will be answered whatever it holds.
        case body(RequestHead, refusal: Answer?)
        /// Its bytes go into `chunks`, as far as they are read.
        case chunks(RequestHead, read: Int, refusal: Answer?)
        /// Nothing more is read from this side.
        case ended
    }

    enum Step {
        case needsMore
        case took(Int)
        case updated(Progress)
        /// Behind the head of so many bytes follows a stream of lines.
        case stream(RequestHead)
    }

    let loop: IngestLoop
    let peer: Peer
    var answers = AnswerQueue()
    var caches = RequestCaches()
    private(set) var context: ChannelHandlerContext?
    private var buffer = ByteBuffer()
    private var progress = Progress.head(searched: 0)
    /// The body that comes in chunks; the only reference to its bytes, so that those that come are added in place.
    private(set) var chunks = ChunkedBody()
    private var countedBytes = 0
    private var closesAfterAnswers = false
    private var holdsRead = false
    private var isProcessing = false
    /// The other side sends nothing more.
    private(set) var inputEnded = false
    /// A stream begins once what was asked before it is answered.
    private var awaitsAnswers = false
    /// A client waits for leave to send a body, behind requests not yet answered.
    private var owesContinue = false
    private var requestStart: NIODeadline?
    /// When the last event was taken, or the connection opened.
    private(set) var lastUse: NIODeadline
    private var idleSince = NIODeadline.now()
    /// No request has come yet.
    private var isFresh = true
    private var blockedSince: NIODeadline?
    private var ending: Ending?
    private var drainStart: NIODeadline?

    var bounds: IngestOptions.Bounds { loop.shared.options.bounds }

    /// `rest` is what came already behind a stream on the same connection, which was of use at `lastUse`.
    init(
        loop: IngestLoop, peer: Peer, rest: ByteBuffer = ByteBuffer(), inputEnded: Bool = false,
        lastUse: NIODeadline = .now()
    ) {
        self.loop = loop
        self.peer = peer
        buffer = rest
        self.inputEnded = inputEnded
        self.lastUse = lastUse
        requestStart = rest.readableBytes > 0 ? .now() : nil
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
        progress = .ended
        chunks = ChunkedBody()
        buffer.clear()
        countBuffered()
        // Answers that wait for the disk stay: what becomes of their events counts, though nobody hears of it.
        loop.closed(self)
    }

    /// Begins with what came before the connection was this one's.
    func start() { processRequests() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        guard case .ended = progress else {
            if requestStart == nil { requestStart = .now() }
            buffer.take(&incoming)
            processRequests()
            return
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        inputEnded = true
        if let ending { return ending.endInput() }
        processRequests()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        blockedSince = context.channel.isWritable ? nil : .now()
        processRequests()
        context.fireChannelWritabilityChanged()
    }

    /// Reads on only while the peer takes its answers.
    func read(context: ChannelHandlerContext) {
        if isSaturated { holdsRead = true } else { context.read() }
    }

    private var isSaturated: Bool {
        answers.count >= bounds.pipelinedRequests || awaitsAnswers || context?.channel.isWritable == false
    }

    private func resumeReading() {
        guard holdsRead, !isSaturated else { return }
        holdsRead = false
        context?.read()
    }

    /// Handles what is complete, then sends what can be sent.
    private func processRequests() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        var needsMore = false
        repeat {
            while !isSaturated, !needsMore { needsMore = !takeStep() }
            sendAnswers()
            awaitsAnswers = awaitsAnswers && !answers.isEmpty
        } while !needsMore && !isSaturated
        boundWaiting()
        countBuffered()
        // What is whole is answered though the other side sends nothing more; what is not will never be.
        if inputEnded, needsMore, !awaitsAnswers, ending == nil {
            endInput()
            sendAnswers()
        }
        resumeReading()
    }

    /// False where nothing can be done before more bytes come.
    private func takeStep() -> Bool {
        if case .ended = progress { return false }
        guard buffer.readableBytes > 0 else { return false }
        let step: Step
        do { step = try buffer.withUnsafeReadableBytes { try self.step($0) } } catch {
            fail(error as? RequestError ?? RequestError(400, byte: 0, "the request cannot be read"))
            return false
        }
        // The connection may have ended when leave to send a body went out.
        guard context != nil else { return false }
        switch step {
        case .needsMore: return false
        case .updated(let progress): self.progress = progress
        case .stream(let head): return begin(head)
        case .took(let count):
            buffer.moveReaderIndex(forwardBy: count)
            // Let go, not cleared: the memory came from the channel, which uses it again.
            if buffer.readableBytes == 0 { buffer = ByteBuffer() }
            owesContinue = false
            idleSince = .now()
            isFresh = false
            requestStart = buffer.readableBytes > 0 ? idleSince : nil
            if case .ended = progress { return false }
            progress = .head(searched: 0)
        }
        return true
    }

    /// Gives the connection to a stream once everything asked before is answered; false until then.
    private func begin(_ head: RequestHead) -> Bool {
        sendAnswers()
        awaitsAnswers = !answers.isEmpty
        guard !awaitsAnswers, let context else { return false }
        do throws(RequestError) {
            var rest = buffer
            rest.moveReaderIndex(forwardBy: head.size)
            var failure: RequestError?
            let stream = buffer.withUnsafeReadableBytes { bytes -> StreamConnection? in
                do throws(RequestError) { return try self.stream(head, bytes, rest: rest) } catch { failure = error }
                return nil
            }
            if let failure { throw failure }
            guard let stream else { return false }
            progress = .ended
            replace(with: stream, context) { stream.start() }
        } catch {
            fail(error)
        }
        return false
    }

    private func step(_ bytes: UnsafeRawBufferPointer) throws(RequestError) -> Step {
        switch progress {
        case .head(let searched): return try readHead(bytes, searched: searched)
        case .body(let head, let refusal):
            let size = head.size + (head.contentLength ?? 0)
            guard bytes.count >= size else { return try demandRoom(bytes.count) }
            finish(head, bytes, body: bytes.part(head.size..<size), refusal: refusal)
            return .took(size)
        case .chunks(let head, let read, let refusal):
            let limit = Endpoint.at(bytes.part(head.path)).bodyLimit(bounds)
            let count = try chunks.read(bytes.part(read..<bytes.count), limit: limit)
            if chunks.state == .done {
                let body = chunks.takeBytes()
                body.withUnsafeBytes { finish(head, bytes, body: $0, refusal: refusal) }
                return .took(read + count)
            }
            guard bytes.count <= 2 * limit + bounds.headBytes else {
                throw RequestError(400, byte: 0, "the chunks are too small")
            }
            progress = .chunks(head, read: read + count, refusal: refusal)
            return try demandRoom(bytes.count + chunks.bytes.count)
        case .ended: return .needsMore
        }
    }

    private func readHead(_ bytes: UnsafeRawBufferPointer, searched: Int) throws(RequestError) -> Step {
        if bytes[0] == UInt8(ascii: "\r") {
            guard bytes.count >= 2 else { return .needsMore }
            guard bytes[1] == UInt8(ascii: "\n") else { throw RequestError(400, byte: 0, "the request is malformed") }
            return .took(2)
        }
        guard let end = try RequestHeadReader.end(in: bytes, searched: searched) else {
            guard bytes.count < bounds.headBytes else {
                throw RequestError(431, byte: bounds.headBytes, "the head is larger than \(bounds.headBytes) bytes")
            }
            progress = .head(searched: max(0, bytes.count))
            return .needsMore
        }
        guard end <= bounds.headBytes else {
            throw RequestError(431, byte: bounds.headBytes, "the head is larger than \(bounds.headBytes) bytes")
        }
        let head = try RequestHeadReader.read(
            bytes.part(0..<end), countryHeader: loop.shared.options.countryHeader)
        let refusal = refusalByHead(head, bytes)
        let length = head.contentLength ?? 0
        if let refusal, length > bounds.beaconBodyBytes || head.isChunked || head.expectsContinue {
            // The body is not worth reading: answer at once, and end.
            count(refusal, head, bytes)
            answers.append(shaped(refusal, head, bytes), isReady: true)
            endInput()
            return .took(end)
        }
        if refusal == nil, head.method == .post, Endpoint.at(bytes.part(head.path)) == .stream { return .stream(head) }
        if head.expectsContinue, head.isChunked ? bytes.count == end : bytes.count < end + length { sendContinue() }
        if head.isChunked {
            chunks = ChunkedBody()
            return .updated(.chunks(head, read: end, refusal: refusal))
        }
        guard bytes.count >= end + length else { return .updated(.body(head, refusal: refusal)) }
        finish(head, bytes, body: bytes.part(end..<(end + length)), refusal: refusal)
        return .took(end + length)
    }

    private func finish(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, refusal: Answer?
    ) {
        handle(head, bytes, body: body, refusal: refusal)
        if !head.keepsAlive { endInput() }
    }

    /// Nothing more is read; what is asked already is answered, then the connection ends.
    private func endInput() {
        progress = .ended
        chunks = ChunkedBody()
        closesAfterAnswers = true
        requestStart = nil
    }

    /// Refuses where unfinished requests hold too much memory already.
    private func demandRoom(_ size: Int) throws(RequestError) -> Step {
        // Small ones always have room, so that a few who hold large ones back lock nobody out.
        guard size <= bounds.beaconBodyBytes || loop.bufferedBytes - countedBytes + size <= bounds.bufferedBytes else {
            throw RequestError(503, byte: 0, "too many unfinished requests; try again later")
        }
        return .needsMore
    }

    /// What waits behind others is bounded too: though nothing is read then, the other side's last bytes come all at
    /// once with their end.
    private func boundWaiting() {
        guard isSaturated else { return }
        if case .ended = progress { return }
        do throws(RequestError) { _ = try demandRoom(buffer.readableBytes) } catch { fail(error) }
    }

    private func countBuffered() {
        var size = buffer.readableBytes
        if case .chunks = progress { size += chunks.bytes.count }
        loop.bufferedBytes += size - countedBytes
        countedBytes = size
    }

    private func fail(_ error: RequestError) {
        let reason: Refusal.Reason =
            switch error.status {
            case 413: .bodyTooLarge
            case 408: .tooSlow
            case 503: .overloaded
            default: .malformedRequest
            }
        let refusal = Refusal(reason, byte: error.byte, error.text)
        var answer = Answer.problem(error.status, refusal)
        if error.status == 503 {
            answer.retryAfterSeconds = 1
            answer.verdict = .oneUnavailable
        }
        loop.counters.add(refusal, project: nil, endpoint: "http", at: loop.shared.clock.now())
        if let verdict = answer.verdict { loop.counters.add(verdict) }
        answers.append(answer, isReady: true)
        endInput()
        buffer = ByteBuffer()
        countBuffered()
    }

    private func sendContinue() {
        owesContinue = !answers.isEmpty
        guard !owesContinue else { return }
        var interim = ByteBuffer()
        interim.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        context?.writeAndFlush(wrapOutboundOut(interim), promise: nil)
    }

    /// One whose peer is a proxy of this machine is never closed for others.
    var uselessSince: NIODeadline? { peer == .proxy || !answers.isEmpty && ending == nil ? nil : lastUse }

    func becameDurable(_ number: Int) {
        lastUse = .now()
        guard let answer = answers.release(number), let verdict = answer.verdict else { return }
        loop.counters.add(verdict)
    }

    func wasRefused(_ number: Int, _ error: LogError) {
        let answer = answers.release(number) { $0 = $0.logUnavailable(Self.unavailableText) }
        guard let verdict = answer?.verdict else { return }
        loop.counters.add(verdict)
        countUnavailable(verdict)
    }

    func flushAnswers() { processRequests() }

    private func sendAnswers() {
        guard let context else { return }
        loop.output.clear()
        while var answer = answers.popReady() {
            let isLast = answers.isEmpty && (closesAfterAnswers || (drainStart != nil && buffer.readableBytes == 0))
            if isLast {
                answer.closes = true
                endInput()
            }
            answer.write(to: &loop.output, date: loop.date.line)
        }
        if loop.output.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(loop.output), promise: nil) }
        if owesContinue { sendContinue() }
        if closesAfterAnswers, answers.isEmpty { end(context, linger: bounds.lingerTimeout) }
    }

    private func end(_ context: ChannelHandlerContext, linger: Duration) {
        guard ending == nil else { return }
        buffer = ByteBuffer()
        let ending = Ending(context, inputEnded: inputEnded, bounds, linger: linger)
        self.ending = ending
        ending.begin()
    }

    func checkTimeouts(_ now: NIODeadline) {
        guard let context else { return }
        if let ending {
            ending.checkTimeout(now)
        } else if let blockedSince, now - blockedSince > TimeAmount(bounds.writeTimeout) {
            context.close(promise: nil)
        } else if blockedSince == nil, let requestStart, answers.isEmpty {
            let isHead = if case .head = progress { true } else { false }
            let limit = isHead ? bounds.headTimeout : bounds.bodyTimeout
            guard now - requestStart > TimeAmount(limit) else { return }
            fail(RequestError(408, byte: buffer.readableBytes, "the request took over \(limit.components.seconds) s"))
            sendAnswers()
        } else if answers.isEmpty, requestStart == nil {
            let grace = isFresh ? bounds.drainFirstGrace : bounds.drainGrace
            let isDrained = drainStart.map { now - $0 >= TimeAmount(grace) } ?? false
            if isDrained || now - idleSince > TimeAmount(bounds.idleTimeout) { closeIdle(context) }
        }
    }

    /// Says that nothing more will be answered, and takes for a moment what was sent before the sender knew it: a
    /// reset could destroy the last answer on its way, and would not tell the sender that he may ask again elsewhere.
    private func closeIdle(_ context: ChannelHandlerContext) {
        endInput()
        end(context, linger: min(bounds.drainGrace, bounds.lingerTimeout))
    }

    func drain() { drainStart = .now() }

    func abandon() { context?.close(promise: nil) }
}
