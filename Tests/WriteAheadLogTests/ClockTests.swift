import EventModel
import TestKit
import Testing

@testable import WriteAheadLog

/// A clock that is put right, or wrong, while the log is written.
struct ClockTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)
    private static let day = Duration.seconds(86_400)

    @Test(arguments: [Duration.seconds(-86_400 * 400), .seconds(-86_400), .seconds(-60), .seconds(86_400 * 365)])
    func `a jump of the clock loses nothing, and a segment is sealed a day later at the most`(jump: Duration) throws {
        try withTemporaryDirectory { directory in
            let clock = ManualClock(start)
            let log = try TestLog(LogConfiguration(directory: directory), clock: clock.clock)
            var kept = try [log.keep("before")]
            clock.advance(by: jump)
            kept.append(try log.keep("after"))
            let isFar = jump <= .seconds(-86_400) || jump >= .seconds(86_400)
            #expect(try SegmentName.list(in: directory).count == (isFar ? 2 : 1))
            clock.advance(by: Self.day + .seconds(60))
            kept.append(try log.keep("a day later"))
            #expect(try SegmentName.list(in: directory).count == (isFar ? 3 : 2))
            log.writer.close()
            let next = try TestLog(LogConfiguration(directory: directory), clock: clock.clock)
            kept.append(try next.keep("next"))
            next.writer.close()
            let all = try readAll(directory)
            #expect(all.records.map(\.sequence) == kept.map(\.lowerBound))
            #expect(kept.map(\.lowerBound) == [1, 2, 3, 4])
        }
    }

    @Test func `segments begun while the clock stood a year ahead are removed when later ones are old enough`() throws {
        try withTemporaryDirectory { directory in
            let clock = ManualClock(start + .seconds(86_400 * 365))
            for text in ["ahead", "still ahead", "right"] {
                if text == "right" { clock.set(to: start) }
                let log = try TestLog(LogConfiguration(directory: directory), clock: clock.clock)
                try log.keep(text)
                log.writer.close()
            }
            func remove(_ before: Timestamp) throws -> Int {
                try LogDirectory.removeSegments(in: directory, loadedThrough: 3, olderThan: before).count
            }
            #expect(try remove(start) == 0)
            #expect(try remove(start + .seconds(1)) == 2)
            #expect(try readAll(directory, after: 2).records.map(\.text) == ["right"])
        }
    }
}
