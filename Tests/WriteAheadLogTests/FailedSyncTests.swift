import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

/// What a disk that fails leaves behind, and what readers make of it.
struct FailedSyncTests {
    /// Lets a reader read what is written and not yet synced, then has the sync fail.
    private func readThenFail(
        _ disk: SimulatedDisk, _ log: TestLog, _ reader: inout LogReader
    ) throws -> (refused: ClosedRange<UInt64>, texts: [String]) {
        let gate = disk.holdNextSync()
        let refused = try log.writer.append(batch([Array("refused".utf8)]))
        gate.waitUntilReached()
        var texts: [String] = []
        while let record = try reader.next() { texts.append(String(decoding: record.bytes, as: UTF8.self)) }
        gate.open(failing: true)
        #expect(log.answers.wait(for: refused)?.code == .failed)
        return (refused, texts)
    }

    @Test func `what was read before its sync failed must not be kept, and never can be`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("before")
            var reader = try LogReader(directory: directory, after: 0)
            let (refused, texts) = try readThenFail(disk, log, &reader)
            #expect(texts == ["before", "refused"])
            for _ in 0..<3 {
                let error = #expect(throws: LogError.self) { try reader.sync() }
                #expect(error?.code == .failed)
            }
            let next = try log.keepSoon("after")
            #expect(next.lowerBound > refused.upperBound)
            #expect(try reader.next()?.bytes == Array("after".utf8))
            #expect(throws: LogError.self) { try reader.sync() }
            var second = try LogReader(directory: directory, after: 0)
            #expect(try second.next()?.sequence == 1)
            #expect(try second.next()?.sequence == next.lowerBound)
            try second.sync()
            log.writer.close()
        }
    }

    @Test func `what was read before its sync failed is told by the next segment, where no cut tells it`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("before")
            var reader = try LogReader(directory: directory, after: 0)
            // Nothing at all can be done to the segment that failed: neither a cut nor zeros in place of a header.
            disk.keepFailing(.truncate)
            disk.failNextSync(thenKeepFailing: .write)
            _ = try readThenFail(disk, log, &reader)
            #expect(log.writer.refusal != nil)
            disk.keepFailing(nil)
            try log.keepSoon("after")
            while try reader.next() != nil {}
            #expect(throws: LogError.self) { try reader.sync() }
            log.writer.close()
        }
    }

    @Test func `who has kept what was then taken back goes on, even while no segment can be begun`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("before")
            var reader = try LogReader(directory: directory, after: 0)
            let gate = disk.holdNextSync()
            let refused = try log.writer.append(batch([Array("refused".utf8)]))
            gate.waitUntilReached()
            while try reader.next() != nil {}
            // The kernel has it for the reader, and its sync counts.
            try reader.sync()
            #expect(reader.position == refused.upperBound)
            disk.failNextSync(thenKeepFailing: .rename)
            gate.open(failing: true)
            #expect(log.answers.wait(for: refused)?.code == .failed)
            #expect(log.writer.refusal != nil)
            var second = try LogReader(directory: directory, after: reader.position)
            #expect(try second.next() == nil)
            disk.keepFailing(nil)
            try log.keepSoon("after")
            #expect(try second.next()?.bytes == Array("after".utf8))
            #expect(second.losses.isEmpty)
            try second.sync()
            log.writer.close()
        }
    }

    @Test func `an older copy that grows past what was read is refused, though it looks taken back at first`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog([["one"], ["two"]], in: directory, closed: false)
            log.write(Array(log.bytes[..<log.groups[1].start]), to: directory)
            var reader = try LogReader(directory: directory, after: 5)
            #expect(try reader.next() == nil)
            log.write(log.bytes, to: directory)
            let error = #expect(throws: LogError.self) { try reader.next() }
            #expect(error?.code == .endsEarly)
        }
    }

    @Test func `whoever reads later never sees what could not be synced, even where it cannot be cut`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("before")
            // Neither a cut nor a new segment is possible: the refused group can still be read from the file.
            disk.keepFailing(.truncate)
            disk.failNextSync(thenKeepFailing: .create)
            let refused = try log.writer.append(batch([Array("refused".utf8)]))
            #expect(log.answers.wait(for: refused)?.code == .failed)
            #expect(log.writer.refusal?.code == .failed)
            #expect(try readAll(directory).records.map(\.text) == ["before"])
            disk.keepFailing(nil)
            try log.keepSoon("after")
            #expect(try readAll(directory).records.map(\.text) == ["before", "after"])
            log.writer.close()
            try disk.cutPower(directory)
            #expect(try readAll(directory).records.map(\.text) == ["before", "after"])
        }
    }

    @Test func `a sealed segment is read no further than the next one's header knows`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog([["one"], ["two"], ["three"]], in: directory, closed: false)
            // The next segment was begun after the first group: the others were never answered, and were not cut off.
            let header = SegmentHeader(
                logID: try LogReader(directory: directory, after: 0).logID, firstSequence: 100, reservedThrough: 200,
                previousLast: 1, createdAt: .init(milliseconds: 1))
            try ActiveSegment.create(header, in: directory, files: QuickFiles()).seal()
            let all = try readAll(directory)
            #expect(all.records.map(\.text) == Array(log.texts.prefix(1)))
            #expect(all.losses.isEmpty)
            #expect(try LogDirectory.verify(directory).records == 1)
            #expect(try readAll(directory, after: 1).records.isEmpty)
        }
    }

    @Test(arguments: [SimulatedDisk.Fault.write, .shortWrite, .sync, .rename, .syncDirectory])
    func `a segment that cannot be begun costs what waits for it, and nothing else`(
        fault: SimulatedDisk.Fault
    ) throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 64 << 10), files: disk)
            var kept = [try log.keep([[UInt8](repeating: 1, count: 60_000)])]
            disk.keepFailing(fault)
            let refused = try log.writer.append(batch([[UInt8](repeating: 2, count: 60_000)]))
            #expect(log.answers.wait(for: refused) != nil)
            let error = #expect(throws: LogError.self) { try log.writer.append(batch([[1]])) }
            #expect(error?.code == .failed || error?.code == .full)
            #expect(log.writer.refusal == error)
            disk.keepFailing(nil)
            kept.append(try log.keepSoon("after"))
            #expect(kept[1].lowerBound > refused.upperBound)
            log.writer.close()
            try disk.cutPower(directory)
            #expect(try readAll(directory).records.map(\.sequence) == kept.flatMap { Array($0) })
        }
    }

    @Test func `a tail that cannot be cut at the start is no reason not to start`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let first = try TestLog(LogConfiguration(directory: directory), files: disk)
            try first.keep("before")
            disk.turnOff()
            first.writer.close()
            disk.turnOn()
            disk.keepFailing(.truncate)
            let second = try TestLog(LogConfiguration(directory: directory), files: disk)
            try second.keep("after")
            second.writer.close()
            disk.keepFailing(nil)
            try disk.cutPower(directory)
            #expect(try readAll(directory).records.map(\.text) == ["before", "after"])
        }
    }

    @Test func `a log that was killed starts on a full disk, refuses, and goes on when there is room`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let first = try TestLog(LogConfiguration(directory: directory), files: disk)
            try first.keep("before")
            disk.turnOff()
            first.writer.close()
            disk.turnOn()
            disk.setFull(true)
            let second = try TestLog(LogConfiguration(directory: directory), files: disk)
            #expect(second.writer.refusal?.code == .full)
            #expect(throws: LogError.self) { try second.keep("refused") }
            #expect(try readAll(directory).records.map(\.text) == ["before"])
            disk.setFull(false)
            try second.keepSoon("after")
            second.writer.close()
            try disk.cutPower(directory)
            #expect(try readAll(directory).records.map(\.text) == ["before", "after"])
        }
    }

    @Test func `the reason for refusing is the newest one`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            disk.keepFailing(.write)
            _ = log.answers.wait(for: try log.writer.append(batch([[1]])))
            #expect(log.writer.refusal?.code == .failed)
            #expect(log.writer.refusal?.underlying == EIO)
            disk.keepFailing(nil)
            disk.setFull(true)
            // It tries again and again: either the new reason shows, or it had gone on in between.
            let start = ContinuousClock.now
            while log.writer.refusal?.code == .failed, ContinuousClock.now - start < .seconds(120) { sched_yield() }
            #expect(log.writer.refusal?.code != .failed)
            disk.setFull(false)
            try log.keepSoon("after")
            log.writer.close()
        }
    }

    @Test func `a limit on the size of files ends no process, and segments keep below it`() async throws {
        try await withTemporaryDirectory { directory in
            await #expect(processExitsWith: .success) { [directory = directory as String] in
                var limit = rlimit(rlim_cur: 2 << 20, rlim_max: 2 << 20)
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                let log = try TestLog(LogConfiguration(directory: directory))
                for number in 0..<60 { try log.keepSoon([UInt8](repeating: UInt8(number), count: 100_000)) }
                log.writer.close()
                let all = try readAll(directory)
                guard all.records.count == 60, all.losses.isEmpty else { _exit(3) }
                _exit(0)
            }
        }
    }
}
