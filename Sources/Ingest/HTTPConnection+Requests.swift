import EventModel
import NIOCore
import WriteAheadLog

/// What stays the same from request to request of most connections, and is dear to find out.
struct RequestCaches {
    var keyText: [UInt8] = []
    var keyEntry: KeyDirectory.Entry?
    var keyDirectory: KeyDirectory?
    var originText: [UInt8] = []
    var originName: String?
    var originDirectory: KeyDirectory?
    var userAgent: [UInt8]?
    var address: IPAddress?
    var senderDay: Day?
    var senderProject: UInt64 = 0
    var statedCountry: CountryCode?
    var countries: CountryDatabase?
    var sender: Sender?
}

extension HTTPConnection {
    static let unavailableText = "the log cannot take events now; send them again later, with the same ids"

    /// The answer that the head alone decides, whatever the body holds. A request that may have been meant to bring
    /// events is then one `invalid`, wherever it was sent; one that only asks has no verdict.
    func refusalByHead(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer? {
        guard var answer = faultOfHead(head, bytes) else { return nil }
        if !head.method.bringsEvents { answer.verdict = nil }
        return answer
    }

    private func faultOfHead(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer? {
        let endpoint = endpoint(head, bytes)
        if endpoint == .unknown {
            return .problem(404, Refusal(.malformedRequest, "there is nothing at this path"))
        }
        guard endpoint.takesEvents && head.method == .post || head.contentLength ?? 0 <= bounds.beaconBodyBytes else {
            return .problem(413, Refusal(.bodyTooLarge, "this request needs no body"))
        }
        if head.method == .options { return nil }
        let hasMethod = endpoint.takesEvents ? head.method == .post : head.method == .get || head.method == .head
        guard hasMethod else {
            let text = "this path knows \(endpoint.methods)"
            var answer = Answer.problem(405, Refusal(.malformedRequest, text))
            answer.allow = endpoint.methods
            return answer
        }
        guard endpoint.takesEvents else { return nil }
        if let refusal = refusalByEncoding(head, bytes) { return refusal }
        if let type = head.contentType, !endpoint.takes(mediaType: bytes.part(type)) {
            return .problem(415, Refusal(.mediaType, "Content-Type has to be \(endpoint.mediaTypes)"))
        }
        if endpoint == .stream { return refusalByFraming(head) }
        let limit = endpoint.bodyLimit(bounds)
        guard head.contentLength ?? 0 <= limit else {
            return .problem(413, Refusal(.bodyTooLarge, "the body is larger than \(limit) bytes"))
        }
        return nil
    }

    /// Handles a complete request: its answer is in the queue afterwards, perhaps waiting for the disk.
    func handle(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, refusal: Answer?
    ) {
        if let refusal {
            count(refusal, head, bytes)
            answers.append(shaped(refusal, head, bytes), isReady: true)
            return
        }
        let endpoint = endpoint(head, bytes)
        if head.method == .options {
            answers.append(preflight(head, bytes, endpoint), isReady: true)
        } else if endpoint.takesEvents {
            withPlainBody(head, bytes, body) { handleEvents(endpoint, head, bytes, $0) }
        } else {
            answers.append(information(endpoint, head, bytes), isReady: true)
        }
    }

    private func handleEvents(
        _ endpoint: Endpoint, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
    ) {
        let key: KeyDirectory.Entry
        do throws(Refusal) { key = try admit(head, bytes, body) } catch {
            return refuse(error, head, bytes)
        }
        let address = loop.shared.proxies.visitor(
            peer: peer.address, forwardedFor: head.forwardedFor.map { bytes.part($0) })
        let outcome = loop.readBody(
            body, endpoint.form, eventContext(key, address, head, bytes), key.buckets(address))
        count(outcome, key, endpoint)
        let answer = shaped(self.answer(to: outcome, endpoint), head, bytes)
        guard loop.batch.count > 0 else {
            if let verdict = answer.verdict { loop.counters.add(verdict) }
            answers.append(answer, isReady: true)
            return
        }
        let number = answers.nextNumber
        answers.append(answer, isReady: false)
        do throws(LogError) { try loop.appendWithTurn(for: self, number: number) } catch { wasRefused(number, error) }
    }

    private func answer(to outcome: BodyOutcome, _ endpoint: Endpoint) -> Answer {
        if let failure = outcome.failure { return .problem(400, failure) }
        let verdict = outcome.verdict
        let taken = verdict.accepted + verdict.duplicate + verdict.bot
        if verdict.limited > 0, verdict.accepted == 0 {
            let refusal = Refusal(.limited, "over the rate limit; try again later")
            var answer = Answer(429, verdict: verdict, body: .problem(refusal, outcome.isBatch ? outcome.rejected : []))
            answer.retryAfterSeconds = outcome.retryAfterSeconds
            return answer
        }
        if taken == 0, let first = outcome.rejected.first {
            let rejected = outcome.isBatch ? outcome.rejected : []
            return Answer(400, verdict: verdict, body: .problem(first.refusal, rejected))
        }
        var answer =
            endpoint == .beacon
            ? Answer(204, verdict: verdict) : Answer(202, verdict: verdict, body: .result(outcome.rejected))
        answer.retryAfterSeconds = outcome.retryAfterSeconds
        return answer
    }

    /// Whose key the request has, and whether the page may use it.
    func admit(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
    ) throws(Refusal) -> KeyDirectory.Entry {
        var found: KeyDirectory.Entry?
        if let key = key(head, bytes) {
            found = entry(forKey: bytes.part(key))
        } else {
            let key: [UInt8]?
            do throws(JSONScanError) { key = try BodyMembers.key(in: body) } catch {
                throw Refusal(.notJSON, byte: error.offset, error.reason)
            }
            guard let key else {
                let places = "X-API-Key, Authorization: Bearer, ?k= or \"key\" in the body"
                throw Refusal(.noKey, "the request has no key; send one as \(places)")
            }
            found = key.withUnsafeBytes { entry(forKey: $0) }
        }
        guard let entry = found else { throw Refusal(.unknownKey, "the key is unknown or was revoked") }
        if let origin = head.origin, !entry.origins.allows(bytes.part(origin)) {
            throw Refusal(.wrongOrigin, "this key may not be used from pages of this origin")
        }
        return entry
    }

    /// Where a request's head holds its key.
    func key(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        head.apiKey ?? bearer(head, bytes) ?? keyInQuery(head, bytes)
    }

    private func bearer(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard let range = head.authorization, range.count > 7,
            bytes.part(range.lowerBound..<(range.lowerBound + 7)).isEqualIgnoringCase("bearer ")
        else { return nil }
        return (range.lowerBound + 7)..<range.upperBound
    }

    /// The value of `k` in the query; keys hold nothing that would be escaped there.
    func keyInQuery(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        var start = head.query.lowerBound
        while start < head.query.upperBound {
            let end = bytes[start..<head.query.upperBound].firstIndex(of: UInt8(ascii: "&")) ?? head.query.upperBound
            if end - start >= 2, bytes[start] == UInt8(ascii: "k"), bytes[start + 1] == UInt8(ascii: "=") {
                return (start + 2)..<end
            }
            start = end + 1
        }
        return nil
    }

    func entry(forKey key: UnsafeRawBufferPointer) -> KeyDirectory.Entry? {
        if caches.keyDirectory === loop.keys, caches.keyText.count == key.count, caches.keyText.elementsEqual(key) {
            return caches.keyEntry
        }
        caches.keyEntry = loop.keys.entry(forKey: key)
        caches.keyText = [UInt8](key)
        caches.keyDirectory = loop.keys
        return caches.keyEntry
    }

    private func eventContext(
        _ key: KeyDirectory.Entry, _ address: IPAddress?, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer
    ) -> EventContext {
        let now = loop.shared.clock.now()
        return EventContext(
            key: key, receivedAt: now, maxAgeMilliseconds: key.maxAgeMilliseconds(loop.shared.options),
            isPrivate: head.isPrivate,
            sender: sender(
                key, address, head.userAgent.map { bytes.part($0) }, statedCountry(head, bytes), now))
    }

    private func sender(
        _ key: KeyDirectory.Entry, _ address: IPAddress?, _ userAgent: UnsafeRawBufferPointer?,
        _ country: CountryCode?, _ now: Timestamp
    ) -> Sender {
        let isSame =
            caches.senderDay == now.day && caches.address == address && caches.senderProject == key.projectMark
            && caches.statedCountry == country && caches.countries === loop.countries
            && (userAgent.map { caches.userAgent?.elementsEqual($0) ?? false } ?? (caches.userAgent == nil))
        if isSame, let sender = caches.sender { return sender }
        var sender = Sender(
            userAgent: userAgent, address: address, projectID: key.projectIDBytes, secret: loop.secret(at: now))
        sender.countryCode = (country ?? address.flatMap { loop.countries?.country(of: $0) })?.bytes
        caches.statedCountry = country
        caches.countries = loop.countries
        caches.sender = sender
        caches.senderDay = now.day
        caches.address = address
        caches.senderProject = key.projectMark
        caches.userAgent = userAgent.map { [UInt8]($0) }
        return sender
    }
}

extension Sender {
    /// What a request's user agent and address tell. The visitor's id needs an address.
    init(userAgent: UnsafeRawBufferPointer?, address: IPAddress?, projectID: [UInt8], secret: DaySecrets.Secret) {
        let agent = userAgent.map { Self.cleaned($0) } ?? []
        if !agent.isEmpty {
            self.userAgent = agent
            agent.withUnsafeBytes {
                deviceType = UserAgent.deviceType($0)?.description
                isBot = UserAgent.isBot($0)
            }
        }
        guard let address = address?.bytes else { return }
        ipHash = secret.hash("address", [address])
        visitorID = [UInt8]("v_".utf8) + secret.hash("visitor", [address, agent, projectID])
    }

    /// Well-formed UTF-8 of at most as many characters as a user agent may have.
    private static func cleaned(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        if text.count <= FieldLimits.userAgent, text.allSatisfy({ $0 < 0x80 }) { return [UInt8](text) }
        let scalars = String(decoding: text, as: UTF8.self).unicodeScalars.prefix(FieldLimits.userAgent)
        return [UInt8](String(String.UnicodeScalarView(scalars)).utf8)
    }
}
