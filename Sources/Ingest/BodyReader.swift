import EventModel

/// What became of the events of one body.
struct BodyOutcome {
    var verdict = Verdict()
    var rejected: [RejectedEvent] = []
    /// The body as a whole was refused.
    var failure: Refusal?
    var isBatch = false
    /// For each bucket asked in vain.
    var retryAfterSeconds: Int?

    init(failure: Refusal? = nil) {
        self.failure = failure
        if failure != nil { verdict = .oneInvalid }
    }

    mutating func add(_ result: EventReader.Result, index: Int) {
        switch result {
        case .accepted: verdict.accepted += 1
        case .bot: verdict.bot += 1
        case .duplicate: verdict.duplicate += 1
        case .refused(let refusal):
            if refusal.reason == .limited { verdict.limited += 1 } else { verdict.invalid += 1 }
            rejected.append(RejectedEvent(index: index, refusal: refusal))
        }
    }

    /// Events that count against the rate limits.
    var countedEvents: Int { verdict.accepted + verdict.bot + verdict.duplicate }
}

/// What a body may be.
enum BodyForm {
    case event, batch, either
}

extension IngestLoop {
    /// Reads a body's events into `batch` under the rate limits of `buckets`. Where the body is refused as a whole the
    /// batch is left empty.
    func readBody(
        _ body: UnsafeRawBufferPointer, _ form: BodyForm, _ context: EventContext, _ buckets: [RateLimiter.Bucket]
    ) -> BodyOutcome {
        var outcome = readBody(body, form, context)
        guard !buckets.isEmpty, outcome.countedEvents > 0 else { return outcome }
        let wanted = outcome.countedEvents
        let granted = shared.limiter.take(wanted, from: buckets)
        guard granted < wanted else { return outcome }
        var context = context
        context.allowance = granted
        outcome = readBody(body, form, context)
        outcome.retryAfterSeconds = shared.limiter.secondsUntilNext(buckets)
        return outcome
    }

    private func readBody(
        _ body: UnsafeRawBufferPointer, _ form: BodyForm, _ context: EventContext
    ) -> BodyOutcome {
        batch.removeAll(keepingCapacity: true)
        reader.startBatch()
        var outcome: BodyOutcome
        do throws(JSONScanError) {
            var isBatch = form == .batch
            if form == .either { isBatch = try BodyMembers.holdsEvents(body) }
            outcome = isBatch ? try readBatch(body, context) : try readEvent(body, context)
        } catch {
            outcome = BodyOutcome(failure: Refusal(.notJSON, byte: error.offset, error.reason))
        }
        if outcome.failure != nil { batch.removeAll(keepingCapacity: true) }
        return outcome
    }

    private func readEvent(
        _ body: UnsafeRawBufferPointer, _ context: EventContext
    ) throws(JSONScanError) -> BodyOutcome {
        var scanner = JSONScanner(body, maximumDepth: JSONScanner.deepestLimit)
        var context = context
        var outcome = BodyOutcome()
        outcome.add(try reader.read(&scanner, &context, into: &batch), index: 0)
        try scanner.finish()
        return outcome
    }

    private func readBatch(
        _ body: UnsafeRawBufferPointer, _ context: EventContext
    ) throws(JSONScanError) -> BodyOutcome {
        var pass = BatchPass(context: context)
        var outcome = try readBatch(body, &pass)
        // What holds for all events stood behind them: read them again, knowing it.
        if pass.knewTooLate, outcome.failure == nil {
            batch.removeAll(keepingCapacity: true)
            reader.startBatch()
            var again = BatchPass(context: context)
            again.context.clockErrorMilliseconds = pass.context.clockErrorMilliseconds
            again.context.isPrivate = pass.context.isPrivate
            outcome = try readBatch(body, &again)
        }
        return outcome
    }

    /// One pass over a batch's body.
    private struct BatchPass {
        var context: EventContext
        var hasEvents = false
        var knewTooLate = false
        private var seen: [BodyMembers.Kind] = []

        init(context: EventContext) { self.context = context }

        /// Refuses the batch where a member of its own stands twice.
        mutating func note(_ kind: BodyMembers.Kind, byte: Int) -> Refusal? {
            guard let field = kind.field else { return nil }
            if seen.contains(kind) {
                return Refusal(.repeatedMember, field: field, byte: byte, "the member stands twice")
            }
            seen.append(kind)
            return nil
        }
    }

    private func readBatch(
        _ body: UnsafeRawBufferPointer, _ pass: inout BatchPass
    ) throws(JSONScanError) -> BodyOutcome {
        var scanner = JSONScanner(body, maximumDepth: JSONScanner.deepestLimit)
        var outcome = BodyOutcome()
        outcome.isBatch = true
        guard try scanner.peek() == .object else {
            return BodyOutcome(failure: Refusal(.wrongType, byte: 0, "a batch is a JSON object with \"events\""))
        }
        try scanner.openObject()
        while let name = try scanner.nextMember() {
            let kind = BodyMembers.kind(name, scanner)
            if let failure = pass.note(kind, byte: name.start) { return BodyOutcome(failure: failure) }
            switch kind {
            case .events:
                if let failure = try readEvents(&scanner, &pass, &outcome) { return BodyOutcome(failure: failure) }
            case .sentAt:
                let span = try scanner.value()
                guard span.kind != .null, pass.context.clockErrorMilliseconds == nil else { continue }
                do throws(Refusal) {
                    let sentAt = try EventReader.moment(span, field: "sent_at", scanner)
                    pass.context.clockErrorMilliseconds =
                        pass.context.receivedAt.milliseconds - sentAt.milliseconds
                } catch { return BodyOutcome(failure: error) }
                pass.knewTooLate = pass.knewTooLate || pass.hasEvents
            case .privacy:
                let span = try scanner.value()
                guard [.true, .false, .null].contains(span.kind) else {
                    let text = "gpc is not true or false"
                    return BodyOutcome(failure: Refusal(.wrongType, field: "gpc", byte: span.start, text))
                }
                guard span.kind == .true, !pass.context.isPrivate else { continue }
                pass.context.isPrivate = true
                pass.knewTooLate = pass.knewTooLate || pass.hasEvents
            case .key:
                let span = try scanner.value()
                guard span.kind == .string || span.kind == .null else {
                    let text = "key is not a text"
                    return BodyOutcome(failure: Refusal(.wrongType, field: "key", byte: span.start, text))
                }
            case .other: _ = try scanner.value()
            }
        }
        try scanner.finish()
        guard pass.hasEvents else {
            return BodyOutcome(failure: Refusal(.missingMember, field: "events", "a batch needs \"events\""))
        }
        return outcome
    }

    private func readEvents(
        _ scanner: inout JSONScanner, _ pass: inout BatchPass, _ outcome: inout BodyOutcome
    ) throws(JSONScanError) -> Refusal? {
        let isArray = try scanner.peek() == .array
        let byte = scanner.offset
        guard isArray else { return Refusal(.wrongType, field: "events", byte: byte, "events is not an array") }
        pass.hasEvents = true
        try scanner.openArray()
        var index = 0
        while try scanner.nextElement() {
            guard index < FieldLimits.batchEvents else {
                let text = "a batch holds at most \(FieldLimits.batchEvents) events"
                return Refusal(.batchTooLong, field: "events", byte: scanner.offset, text)
            }
            outcome.add(try reader.read(&scanner, &pass.context, into: &batch), index: index)
            index += 1
        }
        return index > 0 ? nil : Refusal(.emptyBatch, field: "events", byte: byte, "the batch holds no event")
    }
}

/// The members of a body itself.
enum BodyMembers {
    enum Kind {
        case events, sentAt, key, privacy, other

        var field: String? {
            switch self {
            case .events: "events"
            case .sentAt: "sent_at"
            case .key: "key"
            case .privacy: "gpc"
            case .other: nil
            }
        }
    }

    static func kind(_ name: JSONSpan, _ scanner: JSONScanner) -> Kind {
        if name.hasEscapes {
            var text = scanner.text(of: name)
            return text.withUTF8 { kind(UnsafeRawBufferPointer($0)) }
        }
        return kind(scanner.content(of: name))
    }

    private static func kind(_ name: UnsafeRawBufferPointer) -> Kind {
        switch name.count {
        case 3: name.isEqual("key") ? .key : name.isEqual("gpc") ? .privacy : .other
        case 6: name.isEqual("events") ? .events : .other
        case 7: name.isEqual("sent_at") ? .sentAt : .other
        default: .other
        }
    }

    /// Whether the body is a batch.
    static func holdsEvents(_ body: UnsafeRawBufferPointer) throws(JSONScanError) -> Bool {
        try find(.events, in: body) != nil
    }

    /// The text of `"key"`, where the body holds one.
    static func key(in body: UnsafeRawBufferPointer) throws(JSONScanError) -> [UInt8]? {
        guard let (span, scanner) = try find(.key, in: body), span.kind == .string else { return nil }
        var text: [UInt8] = []
        scanner.appendText(of: span, to: &text)
        return text
    }

    private static func find(
        _ wanted: Kind, in body: UnsafeRawBufferPointer
    ) throws(JSONScanError) -> (JSONSpan, JSONScanner)? {
        var scanner = JSONScanner(body, maximumDepth: JSONScanner.deepestLimit)
        guard try scanner.peek() == .object else { return nil }
        try scanner.openObject()
        while let name = try scanner.nextMember() {
            let found = kind(name, scanner) == wanted
            let span = try scanner.value()
            if found { return (span, scanner) }
        }
        return nil
    }
}
