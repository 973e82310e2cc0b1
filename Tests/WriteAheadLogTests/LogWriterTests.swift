import EventModel
import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

struct LogWriterTests {
    @Test func `what was appended is read back with its numbers`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory))
            #expect(try log.keep("one", "two") == 1...2)
            #expect(try log.keep("") == 3...3)
            #expect(log.writer.durableSequence == 3)
            log.writer.close()
            let all = try readAll(directory)
            #expect(all.records.map(\.sequence) == [1, 2, 3])
            #expect(all.records.map(\.text) == ["one", "two", ""])
            #expect(all.losses.isEmpty)
        }
    }

    @Test func `after a close the numbers go on without a gap, in another segment`() throws {
        try withTemporaryDirectory { directory in
            let configuration = LogConfiguration(directory: directory)
            let first = try TestLog(configuration)
            try first.keep("a", "b")
            first.writer.close()
            let second = try TestLog(configuration)
            #expect(second.writer.logID == first.writer.logID)
            #expect(second.writer.recovery == LogRecovery(lastSequence: 2, wasClosed: true))
            #expect(second.writer.lastSequence == 2)
            #expect(try second.keep("c") == 3...3)
            second.writer.close()
            #expect(try readAll(directory).records.map(\.text) == ["a", "b", "c"])
            #expect(try SegmentName.list(in: directory).map(\.firstSequence) == [1, 3])
        }
    }

    @Test func `after a kill the numbers go on past all that can have been handed out`() throws {
        try withTemporaryDirectory { directory in
            let configuration = LogConfiguration(directory: directory)
            let disk = SimulatedDisk()
            let first = try TestLog(configuration, files: disk)
            try first.keep("a")
            disk.turnOff()
            let unanswered = try first.writer.append(batch([Array("b".utf8)]))
            first.writer.close()
            disk.turnOn()
            let second = try TestLog(configuration, files: disk)
            #expect(!second.writer.recovery.wasClosed)
            #expect(second.writer.lastSequence == 1)
            let next = try second.keep("c")
            #expect(next.lowerBound > unanswered.upperBound)
            #expect(next.lowerBound == configuration.reservedNumbers + 1)
            second.writer.close()
            let all = try readAll(directory)
            #expect(all.records.map(\.text) == ["a", "c"])
            #expect(all.losses.isEmpty)
        }
    }

    @Test func `starting again and again leaves one empty segment and uses no number twice`() throws {
        try withTemporaryDirectory { directory in
            var firsts: [UInt64] = []
            for _ in 0..<5 {
                let log = try TestLog(LogConfiguration(directory: directory))
                firsts += try SegmentName.list(in: directory).map(\.firstSequence)
                log.writer.close()
            }
            #expect(firsts == [1, 2, 3, 4, 5])
        }
    }

    @Test func `a batch larger than a group is split, a record larger than a group stands alone`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory, maxGroupBytes: 1_000))
            let records = (0..<40).map { index in [UInt8](repeating: UInt8(index), count: index == 17 ? 5_000 : 90) }
            #expect(try log.keep(records) == 1...40)
            log.writer.close()
            let report = try LogDirectory.verify(directory)
            // Ten of 94 bytes go into 1,000: 10, 7, the large one, 10, 10, 2.
            #expect(report.groups == 6)
            #expect(report.records == 40)
            var reader = try LogReader(directory: directory, after: 0)
            for record in records { #expect(try reader.next()?.bytes == record) }
            #expect(try reader.next() == nil)
        }
    }

    @Test func `a batch without records and a record over the limit are refused, and cost nothing`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory))
            let huge = [UInt8](repeating: 1, count: LogFormat.maxRecordBytes + 1)
            for records in [[], [huge]] {
                let error = #expect(throws: LogError.self) { try log.writer.append(batch(records)) }
                #expect(error?.code == .unacceptable)
            }
            #expect(try log.keep("next") == 1...1)
            log.writer.close()
        }
    }

    @Test func `more than may wait in memory is refused until the disk has caught up`() throws {
        try withTemporaryDirectory { directory in
            let disk = BlockedDisk()
            var configuration = LogConfiguration(directory: directory, maxPendingBytes: 10_000)
            configuration.preparation = .none
            let log = try TestLog(configuration, files: disk)
            disk.block()
            defer { disk.unblock() }
            let kilobyte = batch([[UInt8](repeating: 7, count: 1_000)])
            var last = try log.writer.append(kilobyte)
            var refusal: LogError?
            for _ in 0..<20 where refusal == nil {
                do { last = try log.writer.append(kilobyte) } catch let error as LogError { refusal = error }
            }
            #expect(refusal?.code == .pendingLimit)
            disk.unblock()
            #expect(log.answers.wait(for: last) == nil)
            let next = try log.keep("more")
            #expect(next.lowerBound == last.upperBound + 1)
            log.writer.close()
        }
    }

    @Test func `what arrives while the disk is busy goes out together`() throws {
        try withTemporaryDirectory { directory in
            let disk = BlockedDisk()
            var configuration = LogConfiguration(directory: directory)
            configuration.preparation = .none
            let log = try TestLog(configuration, files: disk)
            disk.block()
            defer { disk.unblock() }
            let first = try log.writer.append(batch([[1]]))
            disk.waitUntilReached()
            var last = first
            for number in 0..<100 { last = try log.writer.append(batch([[UInt8(number)]])) }
            #expect(log.writer.durableSequence == 0)
            let syncs = disk.syncCount
            disk.unblock()
            #expect(log.answers.wait(for: last) == nil)
            // One for the first, one for all the others.
            #expect(disk.syncCount == syncs + 2)
            log.writer.close()
        }
    }

    @Test func `a closed log takes nothing, and what waited is on the disk`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory))
            for number in 0..<100 { _ = try log.writer.append(batch([Array(String(number).utf8)])) }
            log.writer.close()
            #expect(log.writer.durableSequence == 100)
            #expect(log.writer.refusal?.code == .closed)
            let error = #expect(throws: LogError.self) { try log.writer.append(batch([[1]])) }
            #expect(error?.code == .closed)
            #expect(try readAll(directory).records.map(\.text) == (0..<100).map(String.init))
        }
    }

    @Test func `a second writer is refused and told who writes`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory))
            let error = #expect(throws: LogError.self) { try LogWriter.open(LogConfiguration(directory: directory)) }
            #expect(error?.code == .locked)
            #expect(error?.exitCode == .tryAgain)
            #expect(error?.description.contains("process \(getpid())") == true)
            log.writer.close()
            try TestLog(LogConfiguration(directory: directory)).writer.close()
        }
    }

    @Test func `a segment with records is sealed when its first one is a day old`() throws {
        try withTemporaryDirectory { directory in
            let clock = ManualClock(Timestamp(milliseconds: 1_700_000_000_000))
            let log = try TestLog(LogConfiguration(directory: directory), clock: clock.clock)
            clock.advance(by: .seconds(90_000))
            try log.keep("a")
            clock.advance(by: .seconds(86_399))
            try log.keep("b")
            #expect(try SegmentName.list(in: directory).map(\.firstSequence) == [1])
            clock.advance(by: .seconds(1))
            try log.keep("c")
            #expect(try SegmentName.list(in: directory).map(\.firstSequence) == [1, 3])
            log.writer.close()
            #expect(try readAll(directory).records.map(\.text) == ["a", "b", "c"])
        }
    }

    @Test func `segments keep to their size and give back what they did not use`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 200_000))
            for number in 0..<100 { try log.keep([[UInt8](repeating: UInt8(number), count: 9_000)]) }
            let live = try LogDirectory.status(directory)
            #expect(live.segments.count == 5)
            #expect(live.segments.allSatisfy { $0.bytes <= 200_000 })
            #expect(live.lastSequence == 100)
            log.writer.close()
            let status = try LogDirectory.status(directory)
            // 100 groups of 9,216 bytes, a closing mark, and a kilobyte of header in each of 5.
            #expect(status.bytes == 100 * 9_216 + 512 + 5 * 1_024)
        }
    }
}
