import EventModel
import Testing

@testable import Ingest

@Suite struct DateHeaderTests {
    // The first is RFC 9110's own example; the others are what `date -u` says.
    @Test(arguments: [
        ("1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("2024-02-29T23:59:59.999Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
        ("2026-11-21T15:04:05Z", "Sat, 21 Nov 2026 15:04:05 GMT"),
    ])
    func `a time is written as HTTP has it`(iso8601: String, text: String) throws {
        #expect(DateHeader.text(try #require(Timestamp(iso8601))) == text)
    }

    @Test func `the line follows the clock's seconds`() throws {
        let time = try #require(Timestamp("1994-11-06T08:49:37Z"))
        var date = DateHeader(time)
        #expect(date.line == Array("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT".utf8))
        date.update(time + .milliseconds(999))
        #expect(date.line == Array("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT".utf8))
        date.update(time + .milliseconds(1_000))
        #expect(date.line == Array("\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT".utf8))
    }
}
