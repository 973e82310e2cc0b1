import EventModel
import NIOCore
import WriteAheadLog

/// The lines of one sender on their way into the log, whether they came through the stream socket or as the body of a
/// request: an event a line, the first numbered 1; a line that names the key is not counted. Answers
/// `{"acked": n}` once all lines up to the n-th are durable or refused, and `{"line": n, "error": …}` for each refused
/// one. Lines end with LF or CR LF, the last one also with the end of the input; an empty line is no event and is
/// refused like any other, so that numbers are those of the sender's file.
///
/// It takes bytes in `buffer` and leaves answers in `output`; its owner moves them and asks `readLines` again. Both are
/// bounded by the owner's asking, lines that wait for the disk by `streamBytesInFlight`.
final class LineReader: LogWaiter {
    /// Lines handed to the log together.
    struct Group {
        let lastLine: Int
        let bytes: Int
        let verdict: Verdict
        var isReady: Bool
    }

    /// Lines and bytes of one group.
    static let groupLines = 2_048
    static let groupBytes = 1 << 20
    /// Answers that wait in `output` before no further line is read.
    static let outputBytes = 64 << 10
    /// Lines for which tokens are asked at a time.
    static let tokensAtOnce = 256

    let loop: IngestLoop
    let source: LineSource
    var buffer = ByteBuffer()
    var output = ByteBuffer()
    /// Nothing comes behind what `buffer` holds.
    var inputEnded = false
    /// Why nothing more is read. What waits for the disk is still acknowledged, unless the log refused it.
    private(set) var failure: Refusal?
    /// The answers are for the end: acknowledgements are only remembered.
    var holdsAnswers = false
    var heldAcknowledgement: Int?
    /// Called on the event loop when there may be answers or room again.
    var whenMoved: () -> Void = {}

    private(set) var key: KeyDirectory.Entry?
    private var keyBytes: [UInt8]?
    private var keyDirectory: KeyDirectory?
    private var sender: Sender?
    private var senderDay: Day?
    /// The number of the last line that was read.
    private(set) var lines = 0
    var groups = CircularBuffer<Group>()
    var firstGroup = 0
    var bytesInFlight = 0
    /// Tokens taken from the rate limits and not used yet.
    private var tokens = 0
    /// Bytes of an overlong line that were given up; nil where none is being skipped.
    private var skippedBytes: Int?
    /// Until a rate limit or the log allows more.
    private(set) var isPaused = false
    /// It is a rate limit that it waits for.
    private(set) var waitsForTokens = false
    private var retryDelay = RetryDelay()
    /// When lines were last durable, or the first was awaited.
    var lastUse = NIODeadline.now()
    /// What was counted for `failure`: lines that the log did not take, or one event for the rest of the sender's.
    var failureVerdict = Verdict()
    /// The log refused lines that it had taken: those behind them are not acknowledged any more.
    var lostLines = false
    /// Of `buffer`, known to hold no line's end.
    private var searchedBytes = 0

    var bounds: IngestOptions.Bounds { loop.shared.options.bounds }

    init(loop: IngestLoop, source: LineSource) {
        self.loop = loop
        self.source = source
        keyBytes = source.key
    }

    /// Whether more bytes are of use now.
    var wantsMore: Bool { failure == nil && !isPaused && bytesInFlight < bounds.streamBytesInFlight }

    /// Whether everything that will be read is answered.
    var isDone: Bool {
        if failure != nil { return lostLines || groups.isEmpty }
        return inputEnded && groups.isEmpty && buffer.readableBytes == 0
    }

    /// Whether nothing of it was taken, so that a request whose answer has not begun can be refused as a whole.
    var isWhollyRefused: Bool {
        guard let failure else { return false }
        return lines == 0 || failure.reason == .logUnavailable && failureVerdict.received == lines
    }

    /// Reads nothing more; the sender is told why once what was read is answered.
    func fail(_ refusal: Refusal) {
        guard failure == nil else { return }
        failure = refusal
        // Let go, not cleared: nobody counts its memory any more.
        buffer = ByteBuffer()
    }

    /// Hands on the lines that are here, as far as bounds and limits allow. Whether it read any.
    func readLines() -> Bool {
        var hasRead = false
        while wantsMore, output.readableBytes < Self.outputBytes, readGroup() { hasRead = true }
        return hasRead
    }

    /// Reads the lines that are here as one group; false where none is complete.
    private func readGroup() -> Bool {
        guard keyBytes != nil else { return readKey() }
        guard refreshKey(), let key else { return false }
        if dropOverlongLine() { return true }
        let buckets = key.buckets(source.address)
        guard hasLine(), takeTokens(buckets) else { return false }
        var group = LineGroup(firstLine: lines + 1, limit: buckets.isEmpty ? Self.groupLines : tokens)
        loop.batch.removeAll(keepingCapacity: true)
        loop.reader.startBatch()
        let context = eventContext(key)
        buffer.withUnsafeReadableBytes { group.read($0, atEnd: inputEnded, loop, context) }
        guard group.lineCount > 0, append(group) else { return false }
        if !buckets.isEmpty { tokens -= group.lineCount }
        return true
    }

    /// Hands a group to the log; false where the log does not take it now.
    private func append(_ group: LineGroup) -> Bool {
        let number = firstGroup + groups.count
        var refusal: LogError?
        if loop.batch.count > 0 {
            do throws(LogError) { try loop.append(for: self, number: number) } catch { refusal = error }
        }
        if refusal?.code == .pendingLimit {
            pause(retryDelay.next())
            return false
        }
        retryDelay.reset()
        lines += group.lineCount
        buffer.moveReaderIndex(forwardBy: group.bytes)
        for (line, refusal) in group.refused { answer(refusal, line: line) }
        searchedBytes = 0
        guard refusal == nil else {
            logRefused(group.verdict)
            return false
        }
        bytesInFlight += group.bytes
        groups.append(
            Group(lastLine: lines, bytes: group.bytes, verdict: group.verdict, isReady: group.isAnswered))
        if group.isAnswered { loop.counters.add(group.verdict) }
        acknowledge()
        return true
    }

    private func eventContext(_ key: KeyDirectory.Entry) -> EventContext {
        let now = loop.shared.clock.now()
        if sender == nil || senderDay != now.day {
            sender = (source.userAgent ?? []).withUnsafeBytes {
                Sender(
                    userAgent: $0, address: source.address, projectID: key.projectIDBytes, secret: loop.secret(at: now))
            }
            let country = source.country ?? source.address.flatMap { loop.countries?.country(of: $0) }
            sender?.countryCode = country?.bytes
            senderDay = now.day
        }
        return EventContext(
            key: key, receivedAt: now, maxAgeMilliseconds: key.maxAgeMilliseconds(loop.shared.options),
            isPrivate: source.isPrivate, sender: sender ?? Sender())
    }

    /// Whether a whole line is here. Looks at each byte once, however slowly a line comes.
    private func hasLine() -> Bool {
        if inputEnded { return buffer.readableBytes > 0 }
        let hasEnd = buffer.withUnsafeReadableBytes { $0.firstNewline(from: searchedBytes) != nil }
        if !hasEnd { searchedBytes = buffer.readableBytes }
        return hasEnd
    }

    /// The first line, where it names the key.
    private func readKey() -> Bool {
        guard hasLine() else {
            if buffer.readableBytes > bounds.headBytes { refuse(KeyLine.refusal) }
            return false
        }
        let size = buffer.withUnsafeReadableBytes { $0.firstNewline(from: 0) } ?? buffer.readableBytes
        guard let found = buffer.withUnsafeReadableBytes({ KeyLine.key(in: $0.part(0..<size)) }) else {
            refuse(KeyLine.refusal)
            return false
        }
        keyBytes = found
        buffer.moveReaderIndex(forwardBy: min(size + 1, buffer.readableBytes))
        searchedBytes = 0
        return refreshKey()
    }

    /// Looks the key up again when the snapshot changed, so that a revoked one ends its stream.
    @discardableResult
    func refreshKey() -> Bool {
        guard let keyBytes, failure == nil else { return false }
        guard keyDirectory !== loop.keys else { return key != nil }
        keyDirectory = loop.keys
        let found = keyBytes.withUnsafeBytes { loop.keys.entry(forKey: $0) }
        if found?.projectMark != key?.projectMark { sender = nil }
        key = found
        guard let found else {
            refuse(Refusal(.unknownKey, "the key is unknown or was revoked"))
            return false
        }
        if let origin = source.origin, !origin.withUnsafeBytes({ found.origins.allows($0) }) {
            refuse(Refusal(.wrongOrigin, "this key may not be used from pages of this origin"))
            return false
        }
        return true
    }

    /// Makes `tokens` what may be read now; false where reading has to wait. A limit delays a stream and refuses
    /// nothing.
    private func takeTokens(_ buckets: [RateLimiter.Bucket]) -> Bool {
        guard !buckets.isEmpty, tokens == 0 else { return true }
        let wanted = buffer.withUnsafeReadableBytes { Self.lineCount($0, atEnd: inputEnded, limit: Self.tokensAtOnce) }
        guard wanted > 0 else { return false }
        tokens = loop.shared.limiter.take(wanted, from: buckets)
        guard tokens == 0 else { return true }
        waitsForTokens = true
        pause(.seconds(Int64(loop.shared.limiter.secondsUntilNext(buckets))))
        return false
    }

    private static func lineCount(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, limit: Int) -> Int {
        var count = 0
        var start = 0
        while count < limit, start < bytes.count {
            guard let end = bytes.firstNewline(from: start) else { return count + (atEnd ? 1 : 0) }
            count += 1
            start = end + 1
        }
        return count
    }

    private func pause(_ delay: TimeAmount) {
        isPaused = true
        loop.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            guard let self else { return }
            isPaused = false
            waitsForTokens = false
            whenMoved()
        }
    }

    /// Gives up a line that is longer than an event may be, as its bytes come. Whether it gave up any.
    private func dropOverlongLine() -> Bool {
        let limit = bounds.eventBodyBytes
        guard skippedBytes != nil || buffer.readableBytes > limit else { return false }
        let end = buffer.withUnsafeReadableBytes { $0.firstNewline(from: 0) }
        if skippedBytes == nil {
            guard (end ?? buffer.readableBytes) > limit else { return false }
            lines += 1
            loop.counters.add(.oneInvalid)
            answer(Refusal(.bodyTooLarge, "the line is longer than \(limit) bytes"), line: lines)
            groups.append(Group(lastLine: lines, bytes: 0, verdict: .oneInvalid, isReady: true))
        }
        let dropped = end.map { $0 + 1 } ?? buffer.readableBytes
        buffer.moveReaderIndex(forwardBy: dropped)
        searchedBytes = 0
        let skipped = (skippedBytes ?? 0) + dropped
        skippedBytes = end == nil ? skipped : nil
        if skipped > BodyUnpackers.unpackedBytes {
            refuse(Refusal(.bodyTooLarge, "a line does not end within \(BodyUnpackers.unpackedBytes) bytes"))
        } else if inputEnded, buffer.readableBytes == 0 {
            skippedBytes = nil
        }
        acknowledge()
        return dropped > 0
    }

    func logRefused(_ verdict: Verdict) {
        let refused = verdict.withLogUnavailable
        loop.counters.add(refused)
        failureVerdict += refused
        let refusal = Refusal(.logUnavailable, HTTPConnection.unavailableText)
        loop.counters.add(
            refusal, events: refused.unavailable, project: nil, endpoint: "log", at: loop.shared.clock.now())
        fail(refusal)
    }
}

extension UnsafeRawBufferPointer {
    /// Where the first line's end stands that is not before `start`.
    func firstNewline(from start: Int) -> Int? {
        start < count ? part(start..<count).place(of: UInt8(ascii: "\n")).map { start + $0 } : nil
    }
}
