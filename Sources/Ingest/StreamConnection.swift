import EventModel
import NIOCore
import WriteAheadLog

/// One NDJSON stream: a first line with the key, then an event a line. Answers `{"acked": n}` once all lines up to the
/// n-th are durable or refused, and `{"line": n, "error": …}` for each refused one. Where the log takes nothing it
/// answers `{"error": …}` and ends; what was not acknowledged has to be sent again.
final class StreamConnection: ChannelDuplexHandler, IngestConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Lines handed to the log together.
    private struct Group {
        let lastLine: Int
        let bytes: Int
        let verdict: Verdict
        var isReady: Bool
    }

    /// Lines and bytes of one group.
    static let groupLines = 2_048
    static let groupBytes = 1 << 20
    /// How long to wait for the log when too much waits for the disk already.
    static let retryDelay = TimeAmount.milliseconds(5)

    private let loop: IngestLoop
    private var context: ChannelHandlerContext?
    private var buffer = ByteBuffer()
    private var output = ByteBuffer()
    private var key: KeyDirectory.Entry?
    private var keyBytes: [UInt8] = []
    private var keyDirectory: KeyDirectory?
    private var lines = 0
    private var groups = CircularBuffer<Group>()
    private var firstGroup = 0
    private var bytesInFlight = 0
    /// Tokens taken from the rate limit and not used yet.
    private var tokens = 0
    private var skipsLine = false
    private var isPaused = false
    private var holdsRead = false
    private var inputEnded = false
    private var isEnding = false
    private var lingerEnd: NIODeadline?
    private let openedAt = NIODeadline.now()

    private var bounds: IngestOptions.Bounds { loop.shared.options.bounds }

    init(loop: IngestLoop) { self.loop = loop }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.opened(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        isEnding = true
        buffer.clear()
        loop.closed(self)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        guard !isEnding else { return }
        buffer.take(&incoming)
        readLines()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        guard lingerEnd == nil else { return context.close(promise: nil) }
        inputEnded = true
        readLines()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { holdsRead = true }
    }

    private var mayRead: Bool {
        if lingerEnd != nil { return true }
        return !isPaused && !loop.isDraining && bytesInFlight < bounds.streamBytesInFlight
            && context?.channel.isWritable != false
    }

    private func resumeReading() {
        guard holdsRead, mayRead else { return }
        holdsRead = false
        context?.read()
    }

    private func readLines() {
        while !isEnding, !isPaused, bytesInFlight < bounds.streamBytesInFlight, readGroup() {}
        finishIfDone()
        flush()
        resumeReading()
    }

    /// Reads the lines that are here as one group; false where none is complete.
    private func readGroup() -> Bool {
        if key == nil { return readKey() }
        guard refreshKey() else { return false }
        dropOverlongLine()
        guard let buckets = takeTokens() else { return false }
        var group = LineGroup(firstLine: lines + 1, limit: buckets.isEmpty ? Self.groupLines : tokens)
        loop.batch.removeAll(keepingCapacity: true)
        loop.reader.startBatch()
        let context = eventContext(loop.shared.clock.now())
        buffer.withUnsafeReadableBytes { group.read($0, atEnd: inputEnded, loop, context) }
        guard group.lineCount > 0 else { return false }
        let number = firstGroup + groups.count
        if loop.batch.count > 0 {
            do throws(LogError) { try loop.append(for: self, number: number) } catch {
                if error.code == .pendingLimit { pause(Self.retryDelay) } else { refuse(error, group.verdict) }
                return false
            }
        }
        if !buckets.isEmpty { tokens -= group.lineCount }
        lines += group.lineCount
        buffer.moveReaderIndex(forwardBy: group.bytes)
        bytesInFlight += group.bytes
        groups.append(
            Group(lastLine: lines, bytes: group.bytes, verdict: group.verdict, isReady: group.isAnswered))
        answer(group)
        if group.isAnswered { loop.counters.add(group.verdict) }
        acknowledge()
        return true
    }

    private func eventContext(_ now: Timestamp) -> EventContext? {
        guard let key else { return nil }
        let options = loop.shared.options
        let days = key.kind == .secret ? max(options.maxAgeDaysForSecretKeys, options.maxAgeDays) : options.maxAgeDays
        return EventContext(
            key: key, receivedAt: now, maxAgeMilliseconds: Int64(days) * Day.milliseconds, sender: Sender())
    }

    /// The first line.
    private func readKey() -> Bool {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            if buffer.readableBytes > bounds.headBytes || (inputEnded && buffer.readableBytes > 0) {
                refuseStream(Refusal(.noKey, "the first line has to be {\"key\": \"…\"}"))
            }
            return false
        }
        let size = end - buffer.readerIndex
        let found = buffer.withUnsafeReadableBytes { try? BodyMembers.key(in: $0.part(0..<size)) } ?? nil
        guard let found else {
            refuseStream(Refusal(.noKey, "the first line has to be {\"key\": \"…\"}"))
            return false
        }
        keyBytes = found
        guard refreshKey() else { return false }
        buffer.moveReaderIndex(forwardBy: size + 1)
        return true
    }

    /// Looks the key up again when the snapshot changed, so that a revoked one ends its stream.
    private func refreshKey() -> Bool {
        guard keyDirectory !== loop.keys else { return key != nil }
        keyDirectory = loop.keys
        key = keyBytes.withUnsafeBytes { loop.keys.entry(forKey: $0) }
        if key == nil { refuseStream(Refusal(.unknownKey, "the key is unknown or was revoked")) }
        return key != nil
    }

    /// The buckets to take from, `tokens` being what may be read now; nil where reading has to wait. A limit delays a
    /// stream and refuses nothing.
    private func takeTokens() -> [RateLimiter.Bucket]? {
        guard let key, key.eventsPerMinutePerKey > 0 else { return [] }
        let bucket = RateLimiter.Bucket(owner: .key(key.keyID), eventsPerMinute: key.eventsPerMinutePerKey)
        guard tokens == 0, buffer.readableBytes > 0 else { return [bucket] }
        for wanted in [256, 16, 1] where tokens == 0 {
            let granted = loop.shared.limiter.take(wanted, from: [bucket])
            tokens = granted
        }
        guard tokens > 0 else {
            pause(.seconds(Int64(loop.shared.limiter.secondsUntilNext([bucket]))))
            return nil
        }
        return [bucket]
    }

    private func pause(_ delay: TimeAmount) {
        isPaused = true
        loop.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            self.isPaused = false
            self.readLines()
        }
    }

    /// Gives up a line that is longer than an event may be.
    private func dropOverlongLine() {
        let limit = bounds.eventBodyBytes
        guard skipsLine || buffer.readableBytes > limit else { return }
        let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")).map { $0 - buffer.readerIndex }
        if !skipsLine {
            guard (end ?? buffer.readableBytes) > limit else { return }
            lines += 1
            let refusal = Refusal(.bodyTooLarge, "the line is longer than \(limit) bytes")
            loop.counters.add(.oneInvalid)
            write(refusal, line: lines)
            groups.append(Group(lastLine: lines, bytes: 0, verdict: .oneInvalid, isReady: true))
        }
        skipsLine = end == nil
        buffer.moveReaderIndex(forwardBy: end.map { $0 + 1 } ?? buffer.readableBytes)
        acknowledge()
    }

    private func answer(_ group: LineGroup) {
        for (line, refusal) in group.refused { write(refusal, line: line) }
    }

    private func write(_ refusal: Refusal, line: Int?) {
        loop.counters.add(refusal, project: key?.projectID, endpoint: "stream", at: loop.shared.clock.now())
        var json = JSONText()
        json.object {
            if let line { $0.member("line", line) }
            $0.member("field", refusal.field)
            $0.member("error", refusal.text)
        }
        output.writeBytes(json.bytes)
        output.writeStaticString("\n")
    }

    /// Acknowledges the groups at the head that are done.
    private func acknowledge() {
        var acked: Int?
        while let group = groups.first, group.isReady {
            groups.removeFirst()
            firstGroup += 1
            bytesInFlight -= group.bytes
            acked = group.lastLine
        }
        guard let acked else { return }
        output.writeStaticString("{\"acked\": ")
        output.writeString(String(acked))
        output.writeStaticString("}\n")
    }

    private func flush() {
        guard output.readableBytes > 0, let context else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output = ByteBuffer()
    }

    private func refuseStream(_ refusal: Refusal) {
        loop.counters.add(.oneInvalid)
        write(refusal, line: nil)
        end()
    }

    private func refuse(_ error: LogError, _ verdict: Verdict) {
        guard !isEnding else { return }
        let refused = verdict.withLogUnavailable
        loop.counters.add(refused)
        write(Refusal(.logUnavailable, HTTPConnection.unavailableText), line: nil)
        end()
    }

    private func end() {
        isEnding = true
        buffer.clear()
    }

    /// Ends once nothing more comes and everything is answered.
    private func finishIfDone() {
        if (inputEnded && !isPaused) || loop.isDraining, groups.isEmpty { isEnding = true }
        guard isEnding, lingerEnd == nil, let context else { return }
        flush()
        lingerEnd = .now() + TimeAmount(bounds.lingerTimeout)
        context.close(mode: .output, promise: nil)
    }

    func becameDurable(_ number: Int) {
        guard let index = index(of: number) else { return }
        groups[index].isReady = true
        loop.counters.add(groups[index].verdict)
    }

    func wasRefused(_ number: Int, _ error: LogError) {
        acknowledge()
        guard let index = index(of: number) else { return }
        refuse(error, groups[index].verdict)
    }

    private func index(of number: Int) -> CircularBuffer<Group>.Index? {
        guard number >= firstGroup, number < firstGroup + groups.count else { return nil }
        return groups.index(groups.startIndex, offsetBy: number - firstGroup)
    }

    func flushAnswers() {
        acknowledge()
        readLines()
    }

    func checkTimeouts(_ now: NIODeadline) {
        if let lingerEnd {
            if now >= lingerEnd { context?.close(promise: nil) }
        } else if key == nil, now - openedAt > TimeAmount(bounds.headTimeout) {
            refuseStream(Refusal(.tooSlow, "no key came in time"))
            readLines()
        }
    }

    func drain() { readLines() }

    func abandon() { context?.close(promise: nil) }
}
