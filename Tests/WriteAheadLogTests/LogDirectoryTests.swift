import EventModel
import TestKit
import Testing

@testable import WriteAheadLog

struct LogDirectoryTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)

    /// Three segments of two records each, begun an hour apart; the last is closed.
    private func makeLog(_ directory: String) throws -> ManualClock {
        let clock = ManualClock(start)
        for text in ["a", "b", "c"] {
            let log = try TestLog(LogConfiguration(directory: directory), clock: clock.clock)
            try log.keep(text, text)
            log.writer.close()
            clock.advance(by: .seconds(3_600))
        }
        return clock
    }

    @Test func `status shows segments, numbers and sizes`() throws {
        try withTemporaryDirectory { directory in
            _ = try makeLog(directory)
            let status = try LogDirectory.status(directory)
            #expect(status.segments.map(\.firstSequence) == [1, 3, 5])
            #expect(status.segments.map(\.lastSequence) == [2, 4, 6])
            #expect(status.segments[0].name == "00000000000000000001.wal")
            #expect(status.segments.map(\.createdAt) == [0, 1, 2].map { start + .seconds($0 * 3_600) })
            #expect(status.segments[0].sealedAt == start + .seconds(3_600))
            #expect(status.segments[2].sealedAt == nil)
            #expect(status.firstSequence == 1)
            #expect(status.lastSequence == 6)
            #expect(status.durableSequence == 6)
            #expect(status.lastWrittenAt == start + .seconds(7_200))
            #expect(status.bytes == 3 * (1_024 + 512 + 512))
        }
    }

    @Test func `segments are removed that are loaded and old enough, and never the newest`() throws {
        try withTemporaryDirectory { directory in
            let now = try makeLog(directory).clock.now()
            func remove(_ loaded: UInt64, _ before: Timestamp, force: Bool = false) throws -> [String] {
                try LogDirectory.removeSegments(in: directory, loadedThrough: loaded, olderThan: before, force: force)
                    .map(\.name)
            }
            #expect(try remove(1, now).isEmpty)
            #expect(try remove(6, start).isEmpty)
            #expect(try remove(6, start + .seconds(3_601)) == ["00000000000000000001.wal"])
            #expect(try remove(3, start, force: true).isEmpty)
            #expect(try remove(6, start, force: true) == ["00000000000000000003.wal"])
            #expect(try remove(.max, now, force: true).isEmpty)
            #expect(try readAll(directory, after: 4).records.map(\.sequence) == [5, 6])
            let log = try TestLog(LogConfiguration(directory: directory))
            #expect(try log.keep("d") == 7...7)
            log.writer.close()
        }
    }

    @Test func `a next header that cannot be read keeps a segment only until what stands behind it is loaded`() throws {
        try withTemporaryDirectory { directory in
            let now = try makeLog(directory).clock.now()
            let path = SegmentName(firstSequence: 3).path(in: directory)
            writeFile([UInt8](repeating: 0, count: 1_024) + wholeFile(path)[1_024...], path)
            func remove(_ loaded: UInt64) throws -> [String] {
                try LogDirectory.removeSegments(in: directory, loadedThrough: loaded, olderThan: now).map(\.name)
            }
            #expect(try remove(2).isEmpty)
            #expect(try readAll(directory).records.count == 6)
            #expect(try remove(3) == ["00000000000000000001.wal"])
            #expect(try remove(4) == ["00000000000000000003.wal"])
            #expect(try readAll(directory, after: 4).records.map(\.sequence) == [5, 6])
        }
    }

    @Test func `no segment is made past the numbers that there are`() throws {
        try withTemporaryDirectory { directory in
            for number in [LogFormat.maxSequence, .max] {
                let error = #expect(throws: LogError.self) {
                    try LogDirectory.createEmptySegment(in: directory, pastSequence: number)
                }
                #expect(error?.code == .unacceptable)
            }
            let names = try SegmentName.list(in: directory)
            #expect(names.isEmpty)
        }
    }

    @Test func `an empty segment lets numbers go on past those of a restored copy`() throws {
        try withTemporaryDirectory { directory in
            let id = LogID.random()
            let log = directory + "/log"
            try LogDirectory.createEmptySegment(in: log, pastSequence: 1_000, logID: id)
            #expect(try LogReader(directory: log, after: 1_000).logID == id)
            let writer = try TestLog(LogConfiguration(directory: log))
            #expect(writer.writer.logID == id)
            #expect(try writer.keep("next").lowerBound > 1_000)
            let error = #expect(throws: LogError.self) {
                try LogDirectory.createEmptySegment(in: log, pastSequence: 5_000)
            }
            #expect(error?.code == .locked)
            writer.writer.close()
            let all = try readAll(log, after: 1_000)
            #expect(all.records.map(\.text) == ["next"])
            #expect(all.losses.isEmpty)
            let foreign = #expect(throws: LogError.self) {
                try LogDirectory.createEmptySegment(in: log, pastSequence: 5_000, logID: .random())
            }
            #expect(foreign?.code == .foreignLog)
        }
    }

    @Test func `a log id reads back from its text`() {
        let id = LogID.random()
        #expect(LogID(hex: id.hex) == id)
        #expect(id.hex.utf8.count == 32)
        #expect(LogID(hex: "12") == nil)
    }
}
