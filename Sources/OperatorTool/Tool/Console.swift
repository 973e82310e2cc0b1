import EventModel
import Glibc

/// Where a command writes: results to one side, progress and errors to the other.
package struct Console: Sendable {
    /// Writes bytes of the result; false where nobody reads them any more.
    private let writeResult: @Sendable ([UInt8]) -> Bool
    private let writeNote: @Sendable (String) -> Void
    /// Both go to a terminal: progress may be drawn there.
    package let isTerminal: Bool
    /// A terminal, and nobody asked for no colours.
    package let hasColours: Bool

    package init(
        isTerminal: Bool = false, hasColours: Bool = false, result: @escaping @Sendable ([UInt8]) -> Bool,
        note: @escaping @Sendable (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.hasColours = hasColours
        writeResult = result
        writeNote = note
    }

    /// The process's own standard output and error.
    package static func standard(environment: [String: String]) -> Console {
        let isTerminal = isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1
        let mayColour = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        return Console(
            isTerminal: isTerminal, hasColours: isTerminal && mayColour,
            result: { bytes in writeAll(bytes, to: STDOUT_FILENO) },
            note: { text in _ = writeAll(Array(text.utf8), to: STDERR_FILENO) })
    }

    /// A line of the result.
    package func line(_ text: String = "") { _ = writeResult(Array((text + "\n").utf8)) }

    /// Bytes of the result as they are; false where nobody reads them any more.
    @discardableResult
    package func bytes(_ bytes: [UInt8]) -> Bool { writeResult(bytes) }

    /// A JSON value of the result, on a line of its own.
    package func json(_ body: (inout JSONWriter) throws -> Void) rethrows {
        var json = JSONWriter()
        try body(&json)
        json.endLine()
        _ = writeResult(json.bytes)
    }

    /// A line for people, which is no part of the result.
    package func note(_ text: String) { writeNote(text + "\n") }

    /// A line that the next progress replaces; nothing where there is no terminal.
    package func progress(_ text: String) {
        if isTerminal { writeNote("\r\u{1B}[K" + text) }
    }

    /// Removes the line of progress.
    package func endProgress() { progress("") }

    /// The text in a colour where the terminal has one.
    package func coloured(_ text: String, _ colour: Colour) -> String {
        hasColours ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    package enum Colour: Int, Sendable { case bold = 1, red = 31, green = 32, yellow = 33 }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
                let count = Glibc.write(descriptor, start, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}
