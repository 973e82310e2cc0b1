import EventModel
import NIOCore

extension HTTPConnection {
    /// The encoding of a request's body; an answer where it is none that is known.
    func encoding(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) throws(Refusal) -> BodyEncoding? {
        guard let range = head.contentEncoding else { return nil }
        guard head.encodingLines == 1 else {
            throw Refusal(.contentEncoding, "Content-Encoding stands twice; a body may have one")
        }
        return try BodyEncoding.named(bytes.part(range))
    }

    /// Why a body is not taken in its encoding.
    func refusalByEncoding(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer? {
        do throws(Refusal) {
            _ = try encoding(head, bytes)
            return nil
        } catch {
            var answer = Answer.problem(415, error)
            answer.namesEncodings = true
            return answer
        }
    }

    /// Hands a request's body to `use`, unpacked where it is packed, and answers where it cannot be. Nothing is
    /// unpacked for a key that may not send, and little before the key is known.
    func withPlainBody(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer,
        _ use: (UnsafeRawBufferPointer) -> Void
    ) {
        do throws(Refusal) {
            guard let encoding = try encoding(head, bytes) else { return use(body) }
            let limit = Endpoint.at(bytes.part(head.path)).unpackedLimit(bounds)
            if key(head, bytes) != nil {
                _ = try admit(head, bytes, body)
            } else if limit > Self.keySearchBytes {
                try admit(head, bytes, startOf: body, encoding)
            }
            try loop.unpackers.unpack(body, encoding, limit: limit, use)
        } catch {
            refuse(error, head, bytes)
        }
    }

    /// Of a packed body, where its key is looked for.
    private static let keySearchBytes = 64 << 10

    /// Admits whose key stands at the start of a large packed body. A small one is unpacked whole anyway.
    private func admit(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, startOf body: UnsafeRawBufferPointer,
        _ encoding: BodyEncoding
    ) throws(Refusal) {
        var refusal: Refusal?
        try loop.unpackers.unpackStart(body, encoding, limit: Self.keySearchBytes) { start in
            do throws(Refusal) { _ = try admit(head, bytes, start) } catch {
                refusal = error
                // What was cut off is missing to the JSON; what is wrong before the cut is the sender's. The longest
                // that can be cut in the middle of is a pair of escapes.
                guard error.reason == .notJSON, error.byte.map({ $0 > start.count - 12 }) ?? true else { return }
                let places = "in the head, nor in the first \(Self.keySearchBytes) bytes of the unpacked body"
                refusal = Refusal(.noKey, "the key is not \(places); send it as X-API-Key")
            }
        }
        if let refusal { throw refusal }
    }

    /// Answers a request whose events were not read.
    func refuse(_ refusal: Refusal, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        let status =
            switch refusal.reason {
            case .wrongOrigin: 403
            case .noKey, .unknownKey: 401
            case .bodyTooLarge: 413
            default: 400
            }
        let answer = Answer.problem(status, refusal)
        count(answer, head, bytes)
        answers.append(shaped(answer, head, bytes), isReady: true)
    }

    /// A streamed request has no end that its head would know, unless it says one.
    func refusalByFraming(_ head: RequestHead) -> Answer? {
        guard !head.isChunked, head.contentLength == nil else { return nil }
        return .problem(411, Refusal(.malformedRequest, "a stream needs Transfer-Encoding: chunked or Content-Length"))
    }

    /// What reads the lines of a streamed request, its head having been read.
    func stream(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, rest: ByteBuffer
    ) throws(RequestError) -> StreamConnection {
        let origin = head.origin.map { [UInt8](bytes.part($0)) }
        let source = LineSource(
            key: key(head, bytes).map { [UInt8](bytes.part($0)) }, origin: origin,
            userAgent: head.userAgent.map { [UInt8](bytes.part($0)) },
            address: loop.shared.proxies.visitor(
                peer: peer.address, forwardedFor: head.forwardedFor.map { bytes.part($0) }),
            country: statedCountry(head, bytes), isPrivate: head.isPrivate, endpoint: Endpoint.stream.rawValue)
        let body: StreamBody
        do throws(UnpackError) {
            let encoding = try? encoding(head, bytes)
            body = try StreamBody(
                head, encoding: encoding, allowedOrigin: shaped(Answer(200), head, bytes).allowedOrigin, peer: peer)
        } catch {
            throw RequestError(503, byte: 0, error.text)
        }
        return StreamConnection(
            loop: loop, source: source, body: body, raw: rest, inputEnded: inputEnded, lastUse: lastUse)
    }
}
