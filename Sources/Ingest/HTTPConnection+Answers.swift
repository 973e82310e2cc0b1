import EventModel

extension HTTPConnection {
    /// The answer with what its request's head adds to it: who may read it, and whether it has a body.
    func shaped(_ answer: Answer, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer {
        var answer = answer
        answer.isHead = head.method == .head
        answer.allowedOrigin = allowedOrigin(head, bytes)
        return answer
    }

    /// The request's origin where any project lets it send. The request itself was checked against its own project.
    private func allowedOrigin(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> String? {
        guard let range = head.origin else { return nil }
        let origin = bytes.part(range)
        if caches.originDirectory !== loop.keys || !caches.originText.elementsEqual(origin) {
            caches.originDirectory = loop.keys
            caches.originText = [UInt8](origin)
            caches.originName = loop.keys.allowsOrigin(origin) ? String(decoding: origin, as: UTF8.self) : nil
        }
        return caches.originName
    }

    func preflight(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ endpoint: Endpoint) -> Answer {
        var answer = Answer(204)
        answer.allow = endpoint.methods
        guard head.origin != nil else { return answer }
        guard let origin = allowedOrigin(head, bytes) else {
            var answer = Answer.problem(403, Refusal(.wrongOrigin, "no project lets pages of this origin send"))
            answer.verdict = nil
            return answer
        }
        answer.allowedOrigin = origin
        answer.isPreflight = true
        return answer
    }

    /// Counts a request refused as a whole, where it would have brought events: one `invalid`. What is answered with
    /// `Millrace-Verdict` is counted, and nothing else, so that the sum of the counters is what senders were told.
    func count(_ answer: Answer, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        guard let verdict = answer.verdict, case .problem(let refusal, _) = answer.body else { return }
        let endpoint = Endpoint.at(bytes.part(head.path))
        loop.counters.add(verdict)
        loop.counters.add(refusal, project: nil, endpoint: endpoint.rawValue, at: loop.shared.clock.now())
    }

    /// Counts the refusals within a body; its verdict is counted when it is answered.
    func count(_ outcome: BodyOutcome, _ key: KeyDirectory.Entry, _ endpoint: Endpoint) {
        let now = loop.shared.clock.now()
        for refusal in outcome.failure.map({ [$0] }) ?? outcome.rejected.map(\.refusal) {
            loop.counters.add(refusal, project: key.projectID, endpoint: endpoint.rawValue, at: now)
        }
    }

    func countUnavailable(_ verdict: Verdict) {
        loop.counters.add(
            Refusal(.logUnavailable, Self.unavailableText), events: verdict.unavailable, project: nil,
            endpoint: "log", at: loop.shared.clock.now())
    }

    /// What does not take events.
    func information(_ endpoint: Endpoint, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer {
        switch endpoint {
        case .config: pageConfiguration(head, bytes)
        case .script: script(head, bytes)
        default: shaped(report(endpoint, head, bytes), head, bytes)
        }
    }

    /// `/health` and `/metrics`.
    private func report(_ endpoint: Endpoint, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer {
        if endpoint == .health { return health() }
        guard mayReadMetrics(head, bytes) else {
            var answer = Answer.problem(403, Refusal(.noKey, "metrics are for this machine, or for metrics.token"))
            answer.verdict = nil
            return answer
        }
        let text = Metrics.text(
            Counters.sum(loop.allCounters), Gauges.sum(loop.shared.gauges), log: loop.shared.log,
            startedAt: loop.shared.startedAt)
        return Answer(200, body: .text([UInt8](text.utf8)))
    }

    private func health() -> Answer {
        var json = JSONWriter()
        json.object {
            $0.member("status", loop.isDraining ? "stopping" : "ok")
            $0.member("last_sequence", loop.shared.log.lastSequence)
            $0.member("durable_sequence", loop.shared.log.durableSequence)
        }
        return Answer(loop.isDraining ? 503 : 200, body: .json(json.bytes))
    }

    private func mayReadMetrics(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let forwarded = head.forwardedFor.map { bytes.part($0) }
        if loop.shared.proxies.visitor(peer: peer.address, forwardedFor: forwarded)?.isLoopback == true { return true }
        guard let token = loop.shared.options.metricsToken, let range = head.authorization else { return false }
        let sent = bytes.part(range)
        let wanted = [UInt8]("Bearer \(token)".utf8)
        guard sent.count == wanted.count else { return false }
        return zip(sent, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
