/// A body in chunks (RFC 9112, 7.1), read as its bytes come. Extensions and trailers are well-formed and ignored.
struct ChunkedBody {
    enum State: Equatable {
        case size
        case data(Int)
        case dataEnd
        case trailer
        case done
    }

    /// A line with a chunk's size, or of the trailer.
    static let lineBytes = 1_024
    /// Of all extensions of one body: no sender needs any, and each is work for nothing.
    static let extensionBytes = 4_096

    private(set) var state = State.size
    /// The body so far.
    private(set) var bytes: [UInt8] = []
    private var trailerBytes = 0
    private var extensionBytes = 0

    /// The body's bytes that came since the last call.
    mutating func takeBytes() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }

    /// Reads what it can, and says how many bytes it took. Throws where the body is malformed or over `limit`.
    mutating func read(_ input: UnsafeRawBufferPointer, limit: Int) throws(RequestError) -> Int {
        var position = 0
        while state != .done {
            let rest = input.part(position..<input.count)
            switch state {
            case .size:
                guard let line = try Self.line(rest) else { return position }
                let size = try size(rest.part(0..<line))
                guard bytes.count + size <= limit else {
                    throw RequestError(413, byte: position, "the body is larger than \(limit) bytes")
                }
                position += line + 2
                state = size == 0 ? .trailer : .data(size)
            case .data(let left):
                guard rest.count > 0 else { return position }
                let part = min(left, rest.count)
                bytes.append(contentsOf: rest.part(0..<part))
                position += part
                state = part == left ? .dataEnd : .data(left - part)
            case .dataEnd:
                guard rest.count >= 2 else { return position }
                guard rest[0] == UInt8(ascii: "\r"), rest[1] == UInt8(ascii: "\n") else {
                    throw RequestError(400, byte: position, "a chunk is longer than its size says")
                }
                position += 2
                state = .size
            case .trailer:
                guard let line = try Self.line(rest) else { return position }
                guard line == 0 || Self.isTrailerField(rest.part(0..<line)) else {
                    throw RequestError(400, byte: position, "a line of the trailer is malformed")
                }
                position += line + 2
                trailerBytes += line + 2
                guard trailerBytes <= Self.lineBytes else {
                    throw RequestError(431, byte: position, "the trailer is too large")
                }
                if line == 0 { state = .done }
            case .done: break
            }
        }
        return position
    }

    /// The length of the line at the start without its end; nil where it is not complete.
    private static func line(_ rest: UnsafeRawBufferPointer) throws(RequestError) -> Int? {
        guard let end = rest.prefix(lineBytes).firstIndex(of: UInt8(ascii: "\n")) else {
            guard rest.count < lineBytes else { throw RequestError(400, byte: 0, "a line between chunks is too long") }
            return nil
        }
        guard end > 0, rest[end - 1] == UInt8(ascii: "\r") else {
            throw RequestError(400, byte: 0, "a line between chunks ends without a carriage return")
        }
        return end - 1
    }

    /// The size that stands before any extension. Zeros before it are no part of it.
    private mutating func size(_ line: UnsafeRawBufferPointer) throws(RequestError) -> Int {
        let malformed = RequestError(400, byte: 0, "a chunk's size is malformed")
        var size = 0
        var end = 0
        while end < line.count, let digit = Self.hexDigit(line[end]) {
            guard size < 1 << 28 else { throw malformed }
            size = size << 4 | digit
            end += 1
        }
        guard end > 0 else { throw malformed }
        guard end < line.count else { return size }
        let rest = line.part(end..<line.count)
        guard rest.first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: ";"), Self.isText(rest) else {
            throw malformed
        }
        extensionBytes += rest.count
        guard extensionBytes <= Self.extensionBytes else {
            throw RequestError(400, byte: 0, "the chunks' extensions are too long")
        }
        return size
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }

    /// Without control characters, among them carriage returns that stand alone.
    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    private static func isTrailerField(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return false }
        return line[..<colon].allSatisfy(RequestHeadReader.isTokenByte) && isText(line.part(colon..<line.count))
    }
}
