import EventModel
import Glibc
import Logging

/// Writes each record as one line of logfmt: `at=… level=… program=… message="…" name=value …`.
package struct LogfmtHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?
    private let commonLevel: @Sendable () -> Logger.Level
    private let program: String
    private let write: @Sendable (String) -> Void

    /// `write` gets each line with its line feed.
    package init(program: String, logLevel: Logger.Level, write: @escaping @Sendable (String) -> Void) {
        self.init(program: program, commonLevel: { logLevel }, write: write)
    }

    /// `commonLevel` is asked at each record, unless the handler was given a level of its own.
    init(
        program: String, commonLevel: @escaping @Sendable () -> Logger.Level,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.program = program
        self.commonLevel = commonLevel
        self.write = write
    }

    package var logLevel: Logger.Level {
        get { ownLevel ?? commonLevel() }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        fields.merge(metadataProvider?.get() ?? [:]) { _, newer in newer }
        fields.merge(event.metadata ?? [:]) { _, newer in newer }
        var line = "at=\(Clock.system.now()) level=\(event.level) program=\(program)"
        line += " message=\(Self.quoted(event.message.description))"
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(name)=\(Self.quoted(value.description))"
        }
        write(line + "\n")
    }

    /// The value as it is where it holds no space, quote or control character, else in quotes with escapes.
    static func quoted(_ value: String) -> String {
        let plain = value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" && $0 != "\\" }
        guard !plain || value.isEmpty else { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

/// Writes the line, which ends with its line feed, to stderr in one call, so that lines of several threads don't mix.
@Sendable package func standardError(_ line: String) {
    var line = line
    line.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while let start = rest.baseAddress, rest.count > 0 {
            let written = Glibc.write(STDERR_FILENO, start, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }
}
