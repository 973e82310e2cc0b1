/// A body in chunks (RFC 9112, 7.1), read as its bytes come. Strict: no extensions, no trailers with content of ours.
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

    private(set) var state = State.size
    /// The body so far.
    private(set) var bytes: [UInt8] = []
    private var trailerBytes = 0

    /// Reads what it can, and says how many bytes it took. Throws where the body is malformed or over `limit`.
    mutating func read(_ input: UnsafeRawBufferPointer, limit: Int) throws(RequestError) -> Int {
        var position = 0
        while state != .done {
            let rest = input.part(position..<input.count)
            switch state {
            case .size:
                guard let line = try Self.line(rest) else { return position }
                let size = try Self.size(rest.part(0..<line))
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
                position += line + 2
                trailerBytes += line
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

    private static func size(_ line: UnsafeRawBufferPointer) throws(RequestError) -> Int {
        guard line.count > 0, line.count <= 8 else { throw RequestError(400, byte: 0, "a chunk's size is malformed") }
        var size = 0
        for byte in line {
            let digit: Int
            switch byte {
            case 0x30...0x39: digit = Int(byte) - 0x30
            case 0x41...0x46: digit = Int(byte) - 0x41 + 10
            case 0x61...0x66: digit = Int(byte) - 0x61 + 10
            default: throw RequestError(400, byte: 0, "a chunk's size is malformed")
            }
            size = size << 4 | digit
        }
        return size
    }
}
