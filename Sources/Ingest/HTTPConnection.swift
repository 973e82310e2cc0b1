import EventModel
import NIOCore
import WriteAheadLog

/// One HTTP/1.1 connection: collects the bytes of requests, has them handled in their order, and sends the answers in
/// that order. All of it happens on its event loop.
final class HTTPConnection: ChannelDuplexHandler, IngestConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How far the request at the start of `buffer` has come.
    enum Progress {
        case head(searched: Int)
        /// The whole body has to be there. `refusal` is what will be answered whatever it holds.
        case body(RequestHead, refusal: Answer?)
        case chunks(RequestHead, ChunkedBody, read: Int, refusal: Answer?)
        /// Nothing more is read from this side.
        case ended
    }

    enum Step {
        case needsMore
        case took(Int)
        case updated(Progress)
    }

    let loop: IngestLoop
    /// Nil for a Unix socket, whose peer is a proxy of this machine.
    let peer: IPAddress?
    var answers = AnswerQueue()
    var caches = RequestCaches()
    private(set) var context: ChannelHandlerContext?
    private var buffer = ByteBuffer()
    private var progress = Progress.head(searched: 0)
    private var countedBytes = 0
    private var closesAfterAnswers = false
    private var holdsRead = false
    private var isProcessing = false
    private var requestStart: NIODeadline?
    private var idleSince = NIODeadline.now()
    private var blockedSince: NIODeadline?
    private var lingerEnd: NIODeadline?
    private var drainStart: NIODeadline?

    var bounds: IngestOptions.Bounds { loop.shared.options.bounds }

    init(loop: IngestLoop, peer: IPAddress?) {
        self.loop = loop
        self.peer = peer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.opened(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        progress = .ended
        buffer.clear()
        countBuffered()
        answers.removeAll()
        loop.closed(self)
        context.fireChannelInactive()
    }

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
        guard lingerEnd == nil else { return context.close(promise: nil) }
        progress = .ended
        requestStart = nil
        closesAfterAnswers = true
        if answers.isEmpty { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        blockedSince = context.channel.isWritable ? nil : .now()
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    /// Reads on only while the peer takes its answers.
    func read(context: ChannelHandlerContext) {
        if isSaturated { holdsRead = true } else { context.read() }
    }

    private var isSaturated: Bool { answers.count >= bounds.pipelinedRequests || context?.channel.isWritable == false }

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
            while answers.count < bounds.pipelinedRequests, !needsMore { needsMore = !takeStep() }
            sendAnswers()
        } while !needsMore && answers.count < bounds.pipelinedRequests
        countBuffered()
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
        switch step {
        case .needsMore: return false
        case .updated(let progress): self.progress = progress
        case .took(let count):
            buffer.moveReaderIndex(forwardBy: count)
            if buffer.readableBytes == 0 { buffer.clear() }
            idleSince = .now()
            requestStart = buffer.readableBytes > 0 ? idleSince : nil
            if case .ended = progress { return false }
            progress = .head(searched: 0)
        }
        return true
    }

    private func step(_ bytes: UnsafeRawBufferPointer) throws(RequestError) -> Step {
        switch progress {
        case .head(let searched): return try readHead(bytes, searched: searched)
        case .body(let head, let refusal):
            let size = head.size + (head.contentLength ?? 0)
            guard bytes.count >= size else { return try demandRoom(bytes.count) }
            finish(head, bytes, body: bytes.part(head.size..<size), refusal: refusal)
            return .took(size)
        case .chunks(let head, var chunks, let read, let refusal):
            let limit = Endpoint.at(bytes.part(head.path)).bodyLimit(bounds)
            let count = try chunks.read(bytes.part(read..<bytes.count), limit: limit)
            if chunks.state == .done {
                chunks.bytes.withUnsafeBytes { finish(head, bytes, body: $0, refusal: refusal) }
                return .took(read + count)
            }
            guard bytes.count <= 2 * limit + bounds.headBytes else {
                throw RequestError(400, byte: 0, "the chunks are too small")
            }
            progress = .chunks(head, chunks, read: read + count, refusal: refusal)
            return try demandRoom(bytes.count)
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
        let head = try RequestHeadReader.read(bytes.part(0..<end))
        let refusal = refusalByHead(head, bytes)
        let length = head.contentLength ?? 0
        if let refusal, length > bounds.beaconBodyBytes || head.isChunked || head.expectsContinue {
            // The body is not worth reading: answer at once, and end.
            count(refusal, head, bytes)
            answers.append(shaped(refusal, head, bytes), isReady: true)
            endInput()
            return .took(end)
        }
        if head.expectsContinue, bytes.count < end + max(1, length) { sendContinue() }
        if head.isChunked { return .updated(.chunks(head, ChunkedBody(), read: end, refusal: refusal)) }
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
        closesAfterAnswers = true
        requestStart = nil
    }

    /// Refuses where unfinished requests hold too much memory already.
    private func demandRoom(_ size: Int) throws(RequestError) -> Step {
        guard loop.bufferedBytes - countedBytes + size <= bounds.bufferedBytes else {
            throw RequestError(503, byte: 0, "too many unfinished requests; try again later")
        }
        return .needsMore
    }

    private func countBuffered() {
        loop.bufferedBytes += buffer.readableBytes - countedBytes
        countedBytes = buffer.readableBytes
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
        if error.status == 503 { answer.retryAfterSeconds = 1 }
        loop.counters.add(refusal, project: nil, endpoint: "http", at: loop.shared.clock.now())
        loop.counters.add(.oneInvalid)
        answers.append(answer, isReady: true)
        endInput()
        buffer.clear()
    }

    private func sendContinue() {
        guard answers.isEmpty else { return }
        var interim = ByteBuffer()
        interim.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        context?.writeAndFlush(wrapOutboundOut(interim), promise: nil)
    }

    func becameDurable(_ number: Int) {
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
        var output = ByteBuffer()
        while var answer = answers.popReady() {
            let isLast = answers.isEmpty && (closesAfterAnswers || (drainStart != nil && buffer.readableBytes == 0))
            if isLast {
                answer.closes = true
                endInput()
            }
            answer.write(to: &output)
        }
        if output.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
        guard closesAfterAnswers, answers.isEmpty, lingerEnd == nil else { return }
        // Closing with bytes unread would reset the connection and could destroy the answer on its way.
        lingerEnd = .now() + TimeAmount(bounds.lingerTimeout)
        buffer.clear()
        context.close(mode: .output, promise: nil)
    }

    func checkTimeouts(_ now: NIODeadline) {
        guard let context else { return }
        if let lingerEnd {
            if now >= lingerEnd { context.close(promise: nil) }
        } else if let blockedSince, now - blockedSince > TimeAmount(bounds.writeTimeout) {
            context.close(promise: nil)
        } else if let requestStart, answers.isEmpty {
            let isHead = if case .head = progress { true } else { false }
            let limit = isHead ? bounds.headTimeout : bounds.bodyTimeout
            guard now - requestStart > TimeAmount(limit) else { return }
            fail(RequestError(408, byte: buffer.readableBytes, "the request took over \(limit.components.seconds) s"))
            sendAnswers()
        } else if answers.isEmpty, requestStart == nil {
            let isDrained = drainStart.map { now - $0 >= TimeAmount(bounds.drainGrace) } ?? false
            if isDrained || now - idleSince > TimeAmount(bounds.idleTimeout) { context.close(promise: nil) }
        }
    }

    func drain() { drainStart = .now() }

    func abandon() { context?.close(promise: nil) }
}
