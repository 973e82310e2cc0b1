import EventModel
import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

struct PreparedSegmentTests {
    private func prepared(_ directory: String) -> Int? {
        guard let name = try? SegmentName.unfinished(in: directory).first(where: { $0.hasPrefix("prepared-") }) else {
            return nil
        }
        var facts = stat()
        return stat("\(directory)/\(name)", &facts) == 0 ? Int(facts.st_size) : nil
    }

    @Test func `beginning a prepared segment writes a header, renames, and syncs the directory`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 64 << 10), files: disk)
            try log.keep([[UInt8](repeating: 1, count: 60_000)])
            #expect(prepared(directory) == 64 << 10)
            disk.startRecording()
            try log.keep([[UInt8](repeating: 2, count: 9_000)])
            let name = SegmentName(firstSequence: 2).description
            // That the old one is cut is the helper's work; here it is done by the log's thread.
            let operations = disk.recorded.filter { !$0.hasPrefix("truncate") }
            #expect(operations.prefix(4) == ["write 1024 at 0", "sync", "rename to \(name)", "sync directory"])
            #expect(operations.contains("write 9216 at 1024"))
            log.writer.close()
            #expect(prepared(directory) == nil)
        }
    }

    @Test func `after a start segments grow, each no larger than the room it was given`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 16 << 20), files: disk)
            #expect(prepared(directory) == 4 << 20)
            for number in 0..<40 { try log.keep([[UInt8](repeating: UInt8(number), count: 500_000)]) }
            let sizes = try LogDirectory.status(directory).segments.map(\.bytes)
            #expect(sizes.count >= 4)
            #expect(sizes[0] <= 512 << 10)
            #expect(sizes[1] <= 4 << 20 && sizes[1] > 3 << 20)
            #expect(sizes[2] <= 8 << 20 && sizes[2] > 6 << 20)
            log.writer.close()
            #expect(try readAll(directory).records.count == 40)
        }
    }

    @Test func `what a killed writer had prepared is no segment for anybody, and is removed at the next start`() throws
    {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let configuration = LogConfiguration(directory: directory, segmentBytes: 64 << 10)
            let first = try TestLog(configuration, files: disk)
            try first.keep("before")
            disk.turnOff()
            first.writer.close()
            disk.turnOn()
            #expect(prepared(directory) == 64 << 10)
            #expect(try LogDirectory.status(directory).segments.count == 1)
            #expect(try LogDirectory.verify(directory).segments == 1)
            #expect(try readAll(directory).records.map(\.text) == ["before"])
            try LogDirectory.removeSegments(
                in: directory, loadedThrough: .max, olderThan: Timestamp(milliseconds: .max), force: true)
            #expect(prepared(directory) == 64 << 10)
            try LogDirectory.createEmptySegment(in: directory, pastSequence: 5)
            #expect(prepared(directory) == nil)
            let second = try TestLog(configuration, files: disk)
            try second.keep("after")
            second.writer.close()
            #expect(try readAll(directory).records.map(\.text) == ["before", "after"])
        }
    }

    @Test func `without room for a whole segment above the limit none is prepared, and the log goes on`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            disk.setFree((64 << 10) + (1 << 20))
            let log = try TestLog(
                LogConfiguration(directory: directory, segmentBytes: 64 << 10, minFreeBytes: 1 << 20), files: disk)
            #expect(prepared(directory) == nil)
            for number in 0..<10 { try log.keep([[UInt8](repeating: UInt8(number), count: 20_000)]) }
            #expect(log.writer.refusal == nil)
            log.writer.close()
            #expect(try readAll(directory).records.count == 10)
        }
    }

    @Test func `the log's own helper prepares the next segment while the current one is filled`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 256 << 10))
            let start = ContinuousClock.now
            // Without a prepared one, a segment is made under its own name.
            while prepared(directory) != 256 << 10, ContinuousClock.now - start < .seconds(60) { sched_yield() }
            #expect(prepared(directory) == 256 << 10)
            var kept = 0
            for number in 0..<200 {
                try log.keep([[UInt8](repeating: UInt8(number), count: 20_000)])
                kept += 1
            }
            log.writer.close()
            #expect(try readAll(directory).records.count == kept)
            #expect(try LogDirectory.status(directory).segments.allSatisfy { $0.bytes <= 256 << 10 })
            #expect(prepared(directory) == nil)
        }
    }

    @Test func `a record that is larger than what was prepared is taken`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(
                LogConfiguration(directory: directory, segmentBytes: 64 << 10), files: SimulatedDisk())
            for size in [10, 300_000, 20, 70_000, 30] { try log.keep([[UInt8](repeating: 3, count: size)]) }
            log.writer.close()
            #expect(try readAll(directory).records.map(\.text.utf8.count) == [10, 300_000, 20, 70_000, 30])
        }
    }

    private func preparer(_ directory: String) -> SegmentPreparer {
        var configuration = LogConfiguration(directory: directory, segmentBytes: 64 << 10)
        configuration.preparation = .inline
        return SegmentPreparer(configuration: configuration, files: QuickFiles())
    }

    @Test func `what is prepared is given back at a word, and prepared again when more is written`() throws {
        try withTemporaryDirectory { directory in
            let preparer = preparer(directory)
            preparer.keepAhead(of: 0)
            #expect(prepared(directory) == 64 << 10)
            preparer.giveBack()
            #expect(prepared(directory) == nil)
            #expect(preparer.take() == nil && !preparer.isReady)
            preparer.keepAhead(of: 0)
            #expect(prepared(directory) == 64 << 10)
            preparer.stop()
            #expect(prepared(directory) == nil)
        }
    }

    @Test func `a segment that was taken and has no name yet is not written to by what prepares the next`() throws {
        try withTemporaryDirectory { directory in
            let preparer = preparer(directory)
            preparer.keepAhead(of: 0)
            let taken = try #require(preparer.take())
            defer { taken.discard() }
            _ = pwrite(taken.descriptor, "header", 6, 0)
            preparer.keepAhead(of: 0)
            let next = try #require(preparer.take())
            defer { next.discard() }
            #expect(next.path != taken.path)
            #expect(wholeFile(taken.path).starts(with: "header".utf8) && wholeFile(taken.path).count == 64 << 10)
        }
    }
}
