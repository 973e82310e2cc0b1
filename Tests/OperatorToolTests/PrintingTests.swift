import EventModel
import Synchronization
import Testing

@testable import OperatorTool

@Suite struct PrintingTests {
    @Test func `columns are as wide as their widest cell, and lines have no blank end`() {
        var table = Table(["ID", "NAME"])
        table.add(["job_1", ""])
        table.add(["j", "long name"])
        #expect(table.lines == ["ID     NAME", "job_1", "j      long name"])
    }

    @Test func `numbers, sizes and times are written for people`() {
        #expect(Display.number(-1_234_567) == "-1,234,567")
        #expect(Display.number(UInt64.max) == "18,446,744,073,709,551,615")
        #expect(Display.bytes(1_023) == "1023 bytes")
        #expect(Display.bytes(1_536) == "1.5 KiB")
        #expect(Display.bytes(UInt64(3) << 40) == "3.0 TiB")
        #expect(Display.money(-5) == "-0.05")
        #expect(Display.duration(seconds: 89.96) == "90.0 s")
        #expect(Display.duration(seconds: 600) == "10 min")
        #expect(Display.duration(seconds: 90_000) == "25 h")
    }

    @Test func `an event's line in the file counts the empty lines before it`() {
        var numbers = LineNumbers()
        for line in [1, 2, 5, 6, 9] { numbers.sent(line: line) }
        #expect((1...5).map { numbers.line(ofEvent: $0) } == [1, 2, 5, 6, 9])
    }

    @Test func `an answer of the stream is read as far as it is one`() {
        let refused = StreamAnswer(Array(#"{"line": 17, "field": "url", "error": "too long"}"#.utf8))
        #expect(refused.line == 17 && refused.error == "url: too long" && refused.acked == nil)
        #expect(StreamAnswer(Array(#"{"acked": 3}"#.utf8)).acked == 3)
        #expect(StreamAnswer(Array("nonsense".utf8)) == StreamAnswer([]))
    }

    @Test func `CSV quotes what has to be quoted`() {
        let written = Mutex<[UInt8]>([])
        let console = Console(
            result: { bytes in
                written.withLock { $0 += bytes }
                return true
            }, note: { _ in })
        var printer = CSVRowPrinter(console: console)
        _ = printer.print([.text("plain"), .text("a,b"), .text("say \"x\"\r\n"), .null, .integer(-3)])
        #expect(
            written.withLock { String(decoding: $0, as: UTF8.self) }
                == "plain,\"a,b\",\"say \"\"x\"\"\r\n\",,-3\r\n")
    }
}
