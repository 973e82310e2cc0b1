import ArgumentParser
import EventModel
import Glibc

/// `millrace send`: NDJSON events through the stream socket.
struct SendCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send NDJSON events through the daemon's stream socket.")

    @OptionGroup var options: ToolOptions
    @Argument(help: "A file of one event a line; - reads standard input.") var file: String
    @Option(help: "A file that holds a secret key. Default: a key made for this run.") var keyFile: String?
    @Option(help: "The project's id or name, where a key is made. Default: the configuration's.") var project: String?
    @Flag(help: "Print an object.") var json = false

    var wantsJSON: Bool { json }
    /// Refused lines beyond this are counted and not shown.
    private static let shownRefusals = 20

    func perform(_ tool: Tool) throws {
        var lines = try LineReader(path: file)
        var refusals: [StreamSender.Refusal] = []
        var numbers = LineNumbers()
        let sender = try tool.withSecretKey(file: keyFile, project: project) { key in
            let sender = try StreamSender(
                path: tool.configuration.ingest.stream, key: key, lineOfEvent: { numbers.line(ofEvent: $0) },
                refused: { if refusals.count < Self.shownRefusals { refusals.append($0) } })
            var progress = SendProgress(console: tool.console)
            while let line = try lines.next() {
                guard line.contains(where: { $0 > 0x20 }) else { continue }
                numbers.sent(line: lines.number)
                try sender.send(line)
                progress.show(sender)
            }
            try sender.finish()
            progress.end()
            return sender
        }
        report(sender, refusals.map { ($0, numbers.line(ofEvent: $0.line)) }, tool.console)
        if sender.refusedLines > 0 { throw EndedWith(.badData) }
    }

    private func report(
        _ sender: StreamSender, _ refusals: [(refusal: StreamSender.Refusal, line: Int)], _ console: Console
    ) {
        let accepted = sender.sentLines - sender.refusedLines
        guard !json else {
            return console.json { json in
                json.object { json in
                    json.member("sent", sender.sentLines)
                    json.member("accepted", accepted)
                    json.member("refused", sender.refusedLines)
                    json.array("refusals") { json in
                        for (refusal, line) in refusals {
                            json.object { json in
                                json.member("line", line)
                                json.member("error", refusal.reason)
                            }
                        }
                    }
                }
            }
        }
        for (refusal, line) in refusals { console.note("millrace: line \(line): \(refusal.reason)") }
        console.line(
            "\(Display.number(accepted)) events are on the disk, "
                + "\(Display.number(sender.refusedLines)) were refused.")
    }
}

/// The lines of a file or of standard input, one after the other.
struct LineReader {
    /// A longer line is no event.
    private static let maximumBytes = 4 << 20

    private let descriptor: Int32
    private let path: String
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    /// Of the line returned last, from 1.
    private(set) var number = 0

    init(path: String) throws(ToolError) {
        self.path = path
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code: ToolError.Code = errno == EACCES ? .noPermission : .notFound
            throw ToolError(code, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// The next line without its end; nil after the last.
    mutating func next() throws(ToolError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                number += 1
                return Array(buffer[start..<end])
            }
            searched = buffer.count
            if isAtEnd {
                defer { start = buffer.count }
                guard start < buffer.count else {
                    close(descriptor)
                    return nil
                }
                number += 1
                return Array(buffer[start...])
            }
            guard buffer.count - start < Self.maximumBytes else {
                throw ToolError(.badData, "line \(number + 1) of \(path) is longer than 4 MiB; is it NDJSON?")
            }
            searched -= start
            try fill()
        }
    }

    private mutating func fill() throws(ToolError) {
        buffer.removeFirst(start)
        start = 0
        var part = [UInt8](repeating: 0, count: 1 << 18)
        let count = part.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { return }
        guard count >= 0 else {
            throw ToolError(.inputOutput, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        if count == 0 { isAtEnd = true }
        buffer += part.prefix(count)
    }
}

/// Which line of the file each event stands on: only empty lines make a difference.
struct LineNumbers {
    private var events = 0
    /// Where the distance between the two numbers changes.
    private var changes: [(event: Int, distance: Int)] = [(1, 0)]

    mutating func sent(line: Int) {
        events += 1
        if line - events != changes[changes.count - 1].distance { changes.append((events, line - events)) }
    }

    func line(ofEvent event: Int) -> Int {
        event + (changes.last { $0.event <= event }?.distance ?? 0)
    }
}

/// Shows how many were answered, and how fast.
struct SendProgress {
    private let console: Console
    private let start = ContinuousClock.now
    private var next = ContinuousClock.now + .milliseconds(500)
    private var calls = 0

    init(console: Console) { self.console = console }

    mutating func show(_ sender: StreamSender) {
        calls += 1
        guard console.isTerminal, calls % 256 == 0, ContinuousClock.now >= next else { return }
        next = .now + .milliseconds(250)
        let rate = Double(sender.answeredLines) / max(start.duration(to: .now).fractionalSeconds, 0.001)
        console.progress("\(Display.number(sender.answeredLines)) events, \(Display.number(Int(rate))) a second")
    }

    func end() { console.endProgress() }
}
