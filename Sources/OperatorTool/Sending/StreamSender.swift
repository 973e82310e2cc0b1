import EventModel
import Glibc

/// Sends events through the daemon's stream socket, and takes its answers while it sends. No more lines than the
/// window holds are on their way without an answer.
final class StreamSender {
    /// Lines without an answer.
    static let windowLines = 50_000
    /// Bytes that may wait here for the socket.
    private static let bufferBytes = 256 << 10
    /// Bytes handed to the socket at once.
    private static let portionBytes = 64 << 10
    /// How long the daemon may say nothing while it is waited for.
    private static let patienceMilliseconds: Int32 = 60_000

    struct Refusal: Sendable, Equatable {
        /// The first event is line 1.
        let line: Int
        let reason: String
    }

    private let socket: LocalSocket
    private let refused: (Refusal) -> Void
    private let lineOfEvent: (Int) -> Int
    private var output: [UInt8] = []
    private var written = 0
    private var input: [UInt8] = []
    private var inputEnded = false
    /// The last line that was handed over, and the last one up to which all are durable or refused.
    private(set) var sentLines = 0
    private(set) var answeredLines = 0
    private(set) var refusedLines = 0

    /// Connects and says the key. `refused` is told of every line that the daemon doesn't take; `lineOfEvent` says for
    /// the messages on which line of the sender's file an event stands, where that is another number.
    init(
        path: String, key: String, lineOfEvent: @escaping (Int) -> Int = { $0 }, refused: @escaping (Refusal) -> Void
    ) throws(ToolError) {
        socket = try LocalSocket.unix(path)
        self.lineOfEvent = lineOfEvent
        self.refused = refused
        let flags = fcntl(socket.descriptor, F_GETFL)
        _ = fcntl(socket.descriptor, F_SETFL, flags | O_NONBLOCK)
        var json = JSONWriter()
        json.object { $0.member("key", key) }
        json.endLine()
        output = json.bytes
    }

    /// Hands over one event: JSON, without its line's end.
    func send(_ line: some Collection<UInt8>) throws(ToolError) {
        output.append(contentsOf: line)
        output.append(UInt8(ascii: "\n"))
        sentLines += 1
        while output.count - written > Self.bufferBytes || sentLines - answeredLines > Self.windowLines {
            try exchange()
        }
    }

    /// Returns when every line was answered.
    func finish() throws(ToolError) {
        while written < output.count { try exchange() }
        socket.finishWriting()
        while answeredLines < sentLines { try exchange() }
    }

    /// Waits until the socket takes or gives something, and does that.
    private func exchange() throws(ToolError) {
        let wantsToWrite = written < output.count
        var poller = pollfd(
            fd: socket.descriptor, events: Int16(POLLIN) | (wantsToWrite ? Int16(POLLOUT) : 0), revents: 0)
        let ready = poll(&poller, 1, Self.patienceMilliseconds)
        if ready < 0 && errno == EINTR { return }
        guard ready > 0 else {
            throw ToolError(.unavailable, "the daemon says nothing for a minute; \(remedy)")
        }
        if poller.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { try receive() }
        if poller.revents & Int16(POLLOUT) != 0 { try transmit() }
    }

    private func transmit() throws(ToolError) {
        let count = output.withUnsafeBytes { bytes in
            let portion = min(bytes.count - written, Self.portionBytes)
            return Glibc.send(
                socket.descriptor, bytes.baseAddress?.advanced(by: written), portion, Int32(MSG_NOSIGNAL))
        }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            // The daemon closed its side: what it said before that tells why.
            try receive()
            throw closed()
        }
        written += count
        if written == output.count {
            output.removeAll(keepingCapacity: true)
            written = 0
        } else if written > Self.bufferBytes {
            output.removeFirst(written)
            written = 0
        }
    }

    private func receive() throws(ToolError) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(socket.descriptor, $0.baseAddress, $0.count, 0) }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { break }
                throw closed()
            }
            if count == 0 {
                inputEnded = true
                break
            }
            input += buffer.prefix(count)
            if count < buffer.count { break }
        }
        try readAnswers()
        if inputEnded, answeredLines < sentLines { throw closed() }
    }

    private func readAnswers() throws(ToolError) {
        var start = 0
        while let end = input[start...].firstIndex(of: UInt8(ascii: "\n")) {
            try take(StreamAnswer(input[start..<end]))
            start = end + 1
        }
        input.removeFirst(start)
    }

    private func take(_ answer: StreamAnswer) throws(ToolError) {
        if let acked = answer.acked { answeredLines = max(answeredLines, acked) }
        guard let reason = answer.error else { return }
        if let line = answer.line {
            refusedLines += 1
            refused(Refusal(line: line, reason: reason))
        } else if reason.contains("key") {
            throw ToolError(.noPermission, "the daemon refused the stream: \(reason); check the key")
        } else {
            // The log takes nothing for now: a full disk, or a file that cannot be written.
            throw ToolError(.tryAgain, "the daemon takes no events now: \(reason); \(remedy)")
        }
    }

    private func closed() -> ToolError {
        ToolError(.unavailable, "the daemon closed the stream; \(remedy)")
    }

    private var remedy: String {
        "\(answeredLines) of \(sentLines) events sent were answered; "
            + "send again from line \(lineOfEvent(answeredLines + 1)), with ids nothing is counted twice"
    }
}

/// One line of the daemon's.
struct StreamAnswer: Equatable {
    var acked: Int?
    var line: Int?
    var error: String?

    init(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer)
            // What is no JSON says nothing, and the line after it may.
            try? read(&scanner)
        }
    }

    private mutating func read(_ scanner: inout JSONScanner) throws {
        try scanner.openObject()
        var field: String?
        while let name = try scanner.nextMember() {
            let name = scanner.text(of: name)
            let value = try scanner.value()
            switch name {
            case "acked": acked = scanner.integer(value).map(Int.init)
            case "line": line = scanner.integer(value).map(Int.init)
            case "error": error = scanner.text(of: value)
            case "field": field = scanner.text(of: value)
            default: break
            }
        }
        if let field, let reason = error { error = "\(field): \(reason)" }
    }
}
