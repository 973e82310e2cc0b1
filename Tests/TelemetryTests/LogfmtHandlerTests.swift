import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogfmtHandlerTests {
    /// What one record looks like.
    private func line(_ body: (inout Logger) -> Void) -> String {
        let box = Box()
        var logger = Logger(label: "test") { _ in
            LogfmtHandler(program: "millraced", logLevel: .info) { box.append($0) }
        }
        body(&logger)
        return box.lines.joined()
    }

    private final class Box: Sendable {
        private let storage = Mutex<[String]>([])
        var lines: [String] { storage.withLock { $0 } }
        func append(_ line: String) { storage.withLock { $0.append(line) } }
    }

    @Test func `a record is one line with its fields sorted by name`() {
        let text = line { $0.notice("segment sealed", metadata: ["segment": "7", "bytes": "12"]) }
        #expect(text.hasSuffix("level=notice program=millraced message=\"segment sealed\" bytes=12 segment=7\n"))
        #expect(text.hasPrefix("at=20"))
    }

    @Test func `what would break the line is quoted and escaped`() {
        let text = line { $0.error("a \"quoted\"\nline", metadata: ["path": "a=b", "empty": ""]) }
        #expect(text.contains("message=\"a \\\"quoted\\\"\\nline\" empty=\"\" path=\"a=b\"\n"))
        #expect(text.filter { $0 == "\n" }.count == 1)
    }

    @Test func `a record below the level is not written`() {
        #expect(line { $0.debug("hidden") }.isEmpty)
    }

    @Test func `fields of the logger stand in every record and give way to the record's own`() {
        let text = line { logger in
            logger[metadataKey: "job"] = "1"
            logger[metadataKey: "kind"] = "aggregate"
            logger.info("x", metadata: ["job": "2"])
        }
        #expect(text.hasSuffix("message=x job=2 kind=aggregate\n"))
    }
}
