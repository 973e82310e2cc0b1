import EventModel

/// The lines of a stream that are read and handed to the log together.
struct LineGroup {
    let firstLine: Int
    /// The most lines to take.
    let limit: Int
    private(set) var lineCount = 0
    /// Bytes of the lines with their ends.
    private(set) var bytes = 0
    private(set) var verdict = Verdict()
    private(set) var refused: [(line: Int, refusal: Refusal)] = []

    init(firstLine: Int, limit: Int) {
        self.firstLine = firstLine
        self.limit = min(limit, LineReader.groupLines)
    }

    /// Nothing of it waits for the disk.
    var isAnswered: Bool { verdict.accepted + verdict.bot == 0 }

    /// Reads the complete lines of `input` into the loop's batch; at the end of the stream the last one needs no end.
    mutating func read(_ input: UnsafeRawBufferPointer, atEnd: Bool, _ loop: IngestLoop, _ context: EventContext?) {
        guard var context else { return }
        while lineCount < limit, loop.batch.byteCount < LineReader.groupBytes, bytes < input.count {
            let size = input.part(bytes..<input.count).place(of: UInt8(ascii: "\n"))
            guard let end = size.map({ bytes + $0 }) ?? (atEnd ? input.count : nil) else { return }
            let line = input.part(bytes..<end)
            bytes = min(end + 1, input.count)
            lineCount += 1
            add(Self.result(line, loop, &context))
        }
    }

    private static func result(
        _ line: UnsafeRawBufferPointer, _ loop: IngestLoop, _ context: inout EventContext
    ) -> EventReader.Result {
        var scanner = JSONScanner(line, maximumDepth: JSONScanner.deepestLimit)
        do throws(JSONScanError) {
            return try loop.reader.read(&scanner, &context, alone: true, into: &loop.batch)
        } catch {
            return .refused(Refusal(.notJSON, byte: error.offset, error.description))
        }
    }

    private mutating func add(_ result: EventReader.Result) {
        switch result {
        case .accepted: verdict.accepted += 1
        case .bot: verdict.bot += 1
        case .duplicate: verdict.duplicate += 1
        case .refused(let refusal):
            verdict.invalid += 1
            refused.append((firstLine + lineCount - 1, refusal))
        }
    }
}
