import EventModel
import Glibc
import Testing

/// That the scanner looks at no byte before or behind what it was given: the bytes end where a page begins that
/// nobody may read, so that one step too far ends the process.
@Suite struct JSONScannerBoundsTests {
    private static let texts = [
        #"{"event_type": "page_view", "n": -12.5e+3, "list": [true, false, null, {"a": "b"}], "é😀": "ü\n\u00e9"}"#,
        #"["sixteen bytes in", "seventeen bytes i", "\ud83d\ude00", "\ud83d", "\ud83d\u0041", "😀", 1e5, 0.25, -0]"#,
        "\"" + String(repeating: "a", count: 40) + "\"", "-", "1e", "tru", "\"\\", "\"\\u12", "\"\\ud83d\\", "[[[[",
        "\"\u{10FFFF}", "{\"a\"", "{\"a\":", " \n\t ", "",
    ]

    @Test func `nothing beyond the bytes is looked at, wherever they end`() throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let memory = mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        let start = try #require(memory != MAP_FAILED ? memory : nil)
        defer { munmap(start, 2 * page) }
        try #require(mprotect(start + page, page, PROT_NONE) == 0)
        for text in Self.texts {
            let bytes = Array(text.utf8)
            for count in 0...bytes.count {
                let place = start + (page - count)
                place.copyMemory(from: bytes, byteCount: count)
                let isWhole = read(UnsafeRawBufferPointer(start: place, count: count))
                if count == bytes.count { continue }
                // A text that is cut is JSON only where a number is.
                #expect(!isWhole || "-1".utf8.contains(bytes[0]), "\(text.prefix(count))")
            }
        }
    }

    /// Reads a value with all its texts and numbers; whether it is JSON.
    private func read(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var scanner = JSONScanner(bytes, maximumDepth: 64)
        do throws(JSONScanError) {
            try walk(&scanner)
            try scanner.finish()
            return true
        } catch { return false }
    }

    private func walk(_ scanner: inout JSONScanner) throws(JSONScanError) {
        switch try scanner.peek() {
        case .object:
            try scanner.openObject()
            while let name = try scanner.nextMember() {
                _ = scanner.text(of: name)
                try walk(&scanner)
            }
        case .array:
            try scanner.openArray()
            while try scanner.nextElement() { try walk(&scanner) }
        default:
            let span = try scanner.value()
            if span.kind == .string { _ = scanner.text(of: span) }
            if span.kind == .number { _ = (scanner.double(span), scanner.integer(span)) }
        }
    }

    @Test(arguments: [
        (#""\u0000""#, JSONScanner.Unfit.Kind.nul, 1, "\0"), (#""a\ud83d""#, .surrogate, 2, "a\u{FFFD}"),
        (#""\ude00b""#, .surrogate, 1, "\u{FFFD}b"), (#""\ud83d\u0041""#, .surrogate, 1, "\u{FFFD}A"),
        (#""\ud83d\ud83d\ude00""#, .surrogate, 1, "\u{FFFD}😀"), (#""\ud83d\n""#, .surrogate, 1, "\u{FFFD}\n"),
    ])
    func `an escape that is no character of a text is noted, and the JSON read on`(
        _ text: String, _ kind: JSONScanner.Unfit.Kind, _ offset: Int, _ value: String
    ) throws {
        try Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let span = try scanner.value()
            try scanner.finish()
            #expect(scanner.unfit?.kind == kind && scanner.unfit?.offset == offset)
            #expect(scanner.text(of: span) == value)
        }
        try Array(#"["\ud83d\ude00", "\u00e9"]"#.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            _ = try scanner.value()
            #expect(scanner.unfit == nil)
        }
    }
}
