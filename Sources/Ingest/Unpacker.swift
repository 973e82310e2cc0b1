import CCompression
import NIOCore

/// The encodings in which a body may come (RFC 9110, 8.4).
enum BodyEncoding: Equatable {
    case gzip, zstd

    /// What `Accept-Encoding` of a refusal names.
    static let accepted: StaticString = "gzip, zstd"

    /// Reads the value of `Content-Encoding`: nil for a plain body. Throws for one that is unknown, and for several,
    /// which nobody needs and which would multiply what a small body may unpack to.
    static func named(_ value: UnsafeRawBufferPointer) throws(Refusal) -> BodyEncoding? {
        if value.isEmpty || value.isEqualIgnoringCase("identity") { return nil }
        if value.isEqualIgnoringCase("gzip") || value.isEqualIgnoringCase("x-gzip") { return .gzip }
        if value.isEqualIgnoringCase("zstd") { return .zstd }
        throw Refusal(.contentEncoding, "Content-Encoding has to be one of \(accepted), or the body plain")
    }

    func makeUnpacker() throws(UnpackError) -> any Unpacker {
        switch self {
        case .gzip: try GzipUnpacker()
        case .zstd: try ZstdUnpacker()
        }
    }
}

/// Why packed bytes could not be unpacked.
struct UnpackError: Error, Equatable {
    /// The packed byte at which it was noticed, counted from 0.
    let byte: Int
    let text: String
}

/// Unpacks one body piece by piece. Several gzip members or zstd frames behind each other are one body, as both formats
/// say; anything else behind the last one is refused.
protocol Unpacker: AnyObject {
    /// Packed bytes taken since the last reset.
    var packedBytes: Int { get }
    /// Whether the packed bytes may end here: behind a whole member or frame.
    var isAtEnd: Bool { get }
    /// What it holds of memory.
    var memoryBytes: Int { get }
    /// Makes it ready for another body.
    func reset()
    /// Takes packed bytes while `room` holds what they unpack to.
    func unpack(
        _ packed: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(UnpackError) -> (taken: Int, made: Int)
}

extension Unpacker {
    /// Bytes unpacked at a time.
    private static var pieceBytes: Int { 64 << 10 }

    /// Unpacks behind what `output` holds, until it holds `limit` bytes or nothing more can be made of `packed`. Gives
    /// the packed bytes taken.
    func unpack(
        _ packed: UnsafeRawBufferPointer, into output: inout ByteBuffer, limit: Int
    ) throws(UnpackError) -> Int {
        var position = 0
        while output.readableBytes < limit {
            let room = min(Self.pieceBytes, limit - output.readableBytes)
            let rest = packed.part(position..<packed.count)
            var step = (taken: 0, made: 0)
            var failure: UnpackError?
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { free in
                let room = UnsafeMutableRawBufferPointer(rebasing: free[..<room])
                do throws(UnpackError) { step = try unpack(rest, into: room) } catch { failure = error }
                return step.made
            }
            if let failure { throw failure }
            position += step.taken
            let isDrained = position == packed.count && step.made < room
            guard !isDrained, step.taken > 0 || step.made > 0 else { break }
        }
        return position
    }
}

/// gzip (RFC 1952), by zlib.
final class GzipUnpacker: Unpacker {
    /// zlib's own state with its window of 32 KiB.
    static let stateBytes = 48 << 10
    /// The largest window, and the header and trailer of gzip.
    private static let windowBits: Int32 = 15 + 16

    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var packedBytes = 0
    private(set) var isAtEnd = false
    private var memberStart = 0

    var memoryBytes: Int { Self.stateBytes }

    init() throws(UnpackError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, Self.windowBits, ZLIB_VERSION, size) == Z_OK else {
            stream.deallocate()
            throw UnpackError(byte: 0, text: "there is no memory to unpack gzip")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func reset() {
        inflateReset(stream)
        packedBytes = 0
        memberStart = 0
        isAtEnd = false
    }

    func unpack(
        _ packed: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(UnpackError) -> (taken: Int, made: Int) {
        guard packed.count > 0 || !isAtEnd else { return (0, 0) }
        if isAtEnd {
            inflateReset(stream)
            memberStart = packedBytes
            isAtEnd = false
        }
        let input = packed.bindMemory(to: UInt8.self)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(clamping: packed.count)
        stream.pointee.next_out = room.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(clamping: room.count)
        let code = inflate(stream, Z_NO_FLUSH)
        let taken = Int(UInt32(clamping: packed.count) - stream.pointee.avail_in)
        let made = Int(UInt32(clamping: room.count) - stream.pointee.avail_out)
        packedBytes += taken
        switch code {
        case Z_STREAM_END: isAtEnd = true
        case Z_OK, Z_BUF_ERROR: break
        default: throw UnpackError(byte: packedBytes, text: failure())
        }
        return (taken, made)
    }

    private func failure() -> String {
        if memberStart > 0, packedBytes - memberStart <= 2 { return "something follows the gzip data" }
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "they need a dictionary or more memory"
        return "the gzip data are damaged: \(reason)"
    }
}

/// zstd (RFC 8878) with windows of at most 8 MiB, which is what RFC 9659 lets a body need.
final class ZstdUnpacker: Unpacker {
    static let windowLogMax: Int32 = 23

    private let context: OpaquePointer
    private(set) var packedBytes = 0
    private(set) var isAtEnd = false
    private var frameStart = 0

    var memoryBytes: Int { ZSTD_sizeof_DCtx(context) }

    init() throws(UnpackError) {
        guard let context = ZSTD_createDCtx() else {
            throw UnpackError(byte: 0, text: "there is no memory to unpack zstd")
        }
        self.context = context
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLogMax)
    }

    deinit { ZSTD_freeDCtx(context) }

    func reset() {
        ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        packedBytes = 0
        frameStart = 0
        isAtEnd = false
    }

    func unpack(
        _ packed: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(UnpackError) -> (taken: Int, made: Int) {
        guard packed.count > 0 || !isAtEnd else { return (0, 0) }
        if isAtEnd {
            frameStart = packedBytes
            isAtEnd = false
        }
        var input = ZSTD_inBuffer(src: packed.baseAddress, size: packed.count, pos: 0)
        var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let code = ZSTD_decompressStream(context, &output, &input)
        packedBytes += input.pos
        guard ZSTD_isError(code) == 0 else {
            let reason = String(cString: ZSTD_getErrorName(code))
            let follows = frameStart > 0 && packedBytes - frameStart <= 4
            throw UnpackError(
                byte: packedBytes,
                text: follows ? "something follows the zstd data" : "the zstd data cannot be unpacked: \(reason)")
        }
        isAtEnd = code == 0
        return (input.pos, output.pos)
    }
}

/// The unpackers of one event loop, one of each kind, reused from body to body. A body is unpacked, read and forgotten
/// in one go, so that one event loop holds at most one unpacked body.
final class BodyUnpackers {
    /// What an unpacked batch may be, or a line that a stream skips.
    static let unpackedBytes = 20 << 20
    /// Room that is kept from body to body.
    private static let keptBytes = 1 << 20

    private var gzip: (any Unpacker)?
    private var zstd: (any Unpacker)?
    private var unpacked = ByteBuffer()

    /// What it keeps of memory from body to body.
    var memoryBytes: Int { (gzip?.memoryBytes ?? 0) + (zstd?.memoryBytes ?? 0) + unpacked.capacity }

    /// Hands the unpacked body to `use`. Throws where it is damaged, cut short, or larger than `limit`.
    func unpack(
        _ body: UnsafeRawBufferPointer, _ encoding: BodyEncoding, limit: Int, _ use: (UnsafeRawBufferPointer) -> Void
    ) throws(Refusal) {
        defer { giveBack() }
        let isWhole = try unpack(body, encoding, limit: limit + 1)
        guard unpacked.readableBytes <= limit else {
            throw Refusal(.bodyTooLarge, "the body unpacks to more than \(limit) bytes")
        }
        guard isWhole else {
            throw Refusal(.contentEncoding, byte: body.count, "the packed body ends early")
        }
        unpacked.withUnsafeReadableBytes(use)
    }

    /// Hands the first `limit` bytes of the unpacked body to `use`, where there are more.
    func unpackStart(
        _ body: UnsafeRawBufferPointer, _ encoding: BodyEncoding, limit: Int, _ use: (UnsafeRawBufferPointer) -> Void
    ) throws(Refusal) {
        defer { giveBack() }
        guard try !unpack(body, encoding, limit: limit) else { return }
        unpacked.withUnsafeReadableBytes(use)
    }

    /// Unpacks no more than `limit` bytes into `unpacked`; whether that is all.
    private func unpack(
        _ body: UnsafeRawBufferPointer, _ encoding: BodyEncoding, limit: Int
    ) throws(Refusal) -> Bool {
        do throws(UnpackError) {
            let unpacker = try self.unpacker(for: encoding)
            unpacker.reset()
            return try unpacker.unpack(body, into: &unpacked, limit: limit) == body.count && unpacker.isAtEnd
        } catch {
            throw Refusal(.contentEncoding, byte: error.byte, error.text)
        }
    }

    /// Keeps what the next body needs, as long as it is little.
    private func giveBack() {
        if unpacked.capacity > Self.keptBytes { unpacked = ByteBuffer() } else { unpacked.clear() }
        // The window that a frame asked for stays with its context.
        if let kept = zstd, kept.memoryBytes > Self.keptBytes { zstd = nil }
    }

    private func unpacker(for encoding: BodyEncoding) throws(UnpackError) -> any Unpacker {
        if let kept = encoding == .gzip ? gzip : zstd { return kept }
        let unpacker = try encoding.makeUnpacker()
        if encoding == .gzip { gzip = unpacker } else { zstd = unpacker }
        return unpacker
    }
}
