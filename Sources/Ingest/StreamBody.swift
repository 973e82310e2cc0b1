import EventModel
import NIOCore

/// The body of a request that streams lines: takes off what the bytes came in (its length or its chunks, and its
/// encoding), and puts the answers into chunks. A sender of HTTP/1.0 knows no chunks; the connection's end is then the
/// answer's.
struct StreamBody {
    private enum Framing {
        case length(left: Int)
        case chunks(ChunkedBody)
    }

    /// Packed bytes taken out of their framing at a time.
    private static let pieceBytes = 64 << 10

    let answersInChunks: Bool
    /// Another request may follow on the connection.
    let keepsAlive: Bool
    /// A client that waits for leave to send its body.
    let expectsContinue: Bool
    /// The origin whose pages may read the answer.
    let allowedOrigin: String?
    /// Who sends, for the requests behind this one.
    let peer: Peer
    /// It came through a proxy, which said for whom.
    let isForwarded: Bool
    private var framing: Framing
    private var unpacker: (any Unpacker)?
    /// Out of the framing, and not yet unpacked.
    private var packed = ByteBuffer()
    /// The unpacker may hold lines for which there was no room.
    private var holdsLines = false

    init(_ head: RequestHead, encoding: BodyEncoding?, allowedOrigin: String?, peer: Peer) throws(UnpackError) {
        framing = head.isChunked ? .chunks(ChunkedBody()) : .length(left: head.contentLength ?? 0)
        unpacker = try encoding?.makeUnpacker()
        answersInChunks = !head.isHTTP10
        keepsAlive = head.keepsAlive && !head.isHTTP10
        expectsContinue = head.expectsContinue
        self.allowedOrigin = allowedOrigin
        self.peer = peer
        isForwarded = !head.forwardedFor.isEmpty
    }

    /// What it holds of memory, beside the lines.
    var memoryBytes: Int { packed.readableBytes + (unpacker?.memoryBytes ?? 0) }

    /// Nothing more is read of it.
    mutating func release() {
        unpacker = nil
        packed = ByteBuffer()
    }

    /// Whether all bytes of the body came and were handed on.
    var isComplete: Bool { framingEnded && packed.readableBytes == 0 && !holdsLines }

    private var framingEnded: Bool {
        switch framing {
        case .length(let left): left == 0
        case .chunks(let chunks): chunks.state == .done
        }
    }

    /// Moves bytes of lines from what came to `lines` until that holds `limit` bytes. Whether it moved any. At the
    /// body's end it throws where the packed bytes do not end there too.
    mutating func read(_ raw: inout ByteBuffer, into lines: inout ByteBuffer, limit: Int) throws(Refusal) -> Bool {
        let before = (raw.readableBytes, packed.readableBytes, lines.readableBytes)
        guard before.2 < limit else { return false }
        var fault: RequestError?
        do throws(RequestError) {
            if packed.readableBytes == 0, raw.readableBytes > 0, !framingEnded { try takeFraming(&raw) }
        } catch {
            fault = error
        }
        try unpack(into: &lines, limit: limit)
        if let fault { throw Refusal(.malformedRequest, fault.text) }
        if isComplete, let unpacker, !unpacker.isAtEnd {
            throw Refusal(.contentEncoding, byte: unpacker.packedBytes, "the packed body ends early")
        }
        return before != (raw.readableBytes, packed.readableBytes, lines.readableBytes)
    }

    private mutating func takeFraming(_ raw: inout ByteBuffer) throws(RequestError) {
        switch framing {
        case .length(let left):
            let size = min(left, raw.readableBytes, Self.pieceBytes)
            if var slice = raw.readSlice(length: size) { packed.take(&slice) }
            framing = .length(left: left - size)
        case .chunks(var chunks):
            let size = min(raw.readableBytes, Self.pieceBytes)
            var taken = 0
            var failure: RequestError?
            raw.withUnsafeReadableBytes { bytes in
                do throws(RequestError) { taken = try chunks.read(bytes.part(0..<size), limit: .max >> 1) } catch {
                    failure = error
                }
            }
            raw.moveReaderIndex(forwardBy: taken)
            // What came before a fault is good.
            packed.writeBytes(chunks.takeBytes())
            if let failure { throw failure }
            framing = .chunks(chunks)
        }
    }

    private mutating func unpack(into lines: inout ByteBuffer, limit: Int) throws(Refusal) {
        guard packed.readableBytes > 0 || holdsLines else { return }
        guard let unpacker else {
            lines.take(&packed)
            packed = ByteBuffer()
            return
        }
        var taken = 0
        var failure: UnpackError?
        packed.withUnsafeReadableBytes { bytes in
            do throws(UnpackError) { taken = try unpacker.unpack(bytes, into: &lines, limit: limit) } catch {
                failure = error
            }
        }
        if let failure { throw Refusal(.contentEncoding, byte: failure.byte, failure.text) }
        holdsLines = lines.readableBytes >= limit
        packed.moveReaderIndex(forwardBy: taken)
        if packed.readableBytes == 0 { packed.clear() }
    }

    /// The head of the answer, whose verdict cannot stand there: it is not known yet.
    func answerHead(closes: Bool, date: [UInt8]) -> ByteBuffer {
        var head = ByteBuffer()
        head.writeStaticString("HTTP/1.1 200 OK")
        head.writeBytes(date)
        var answer = Answer(200)
        answer.allowedOrigin = allowedOrigin
        answer.writeSharing(to: &head)
        head.writeStaticString("\r\nContent-Type: application/x-ndjson")
        if answersInChunks { head.writeStaticString("\r\nTransfer-Encoding: chunked") }
        if closes { head.writeStaticString("\r\nConnection: close") }
        head.writeStaticString("\r\n\r\n")
        return head
    }

    /// Answers as they go out.
    func framed(_ answers: ByteBuffer) -> ByteBuffer {
        guard answersInChunks, answers.readableBytes > 0 else { return answers }
        var chunk = ByteBuffer()
        chunk.writeString(String(answers.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(answers)
        chunk.writeStaticString("\r\n")
        return chunk
    }

    var answerEnd: StaticString { answersInChunks ? "0\r\n\r\n" : "" }
}
