import TestKit
import Testing

@testable import WriteAheadLog

struct DiskFaultTests {
    @Test(arguments: [SimulatedDisk.Fault.write, .sync])
    func `after a failed write or sync the unanswered are refused and a new segment goes on`(
        fault: SimulatedDisk.Fault
    ) throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("before")
            disk.failNext(fault)
            let refused = try log.writer.append(batch([Array("refused".utf8)]))
            let error = try #require(log.answers.wait(for: refused))
            #expect(error.code == .failed)
            let next = try log.keepSoon("after")
            #expect(next.lowerBound > refused.upperBound)
            #expect(try SegmentName.list(in: directory).map(\.firstSequence) == [1, next.lowerBound])
            #expect(log.writer.refusal == nil)
            log.writer.close()
            try disk.cutPower(directory)
            let all = try readAll(directory)
            #expect(all.records.map(\.text) == ["before", "after"])
            #expect(all.losses.isEmpty)
        }
    }

    @Test func `a full disk refuses, and takes again when there is room`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("before")
            disk.setFull(true)
            let refused = try log.writer.append(batch([Array("refused".utf8)]))
            #expect(log.answers.wait(for: refused)?.code == .full)
            let error = #expect(throws: LogError.self) { try log.writer.append(batch([[1]])) }
            #expect(error?.code == .full)
            #expect(log.writer.refusal?.code == .full)
            disk.setFull(false)
            #expect(try log.keepSoon("after").lowerBound > refused.upperBound)
            log.writer.close()
            #expect(try readAll(directory).records.map(\.text) == ["before", "after"])
        }
    }

    @Test func `with too little free nothing new is taken, and what was taken is kept`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory, minFreeBytes: 1 << 20), files: disk)
            disk.setFree(1_000)
            // What had been taken before the shortage was seen is kept.
            #expect(try log.keep([[UInt8](repeating: 1, count: 8_000)]) == 1...1)
            let error = #expect(throws: LogError.self) { try log.keep("refused") }
            #expect(error?.code == .full)
            #expect(error?.description.contains("log.min_free_mib") == true)
            #expect(log.writer.refusal == error)
            disk.setFree(1 << 30)
            #expect(try log.keepSoon("after") == 2...2)
            log.writer.close()
            #expect(try readAll(directory).records.count == 2)
        }
    }

    @Test func `a log can be opened on a full disk, and begins when there is room`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            disk.setFull(true)
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            let error = #expect(throws: LogError.self) { try log.keep("refused") }
            #expect(error?.code == .full)
            disk.setFull(false)
            try log.keepSoon("after")
            log.writer.close()
            #expect(try readAll(directory).records.map(\.text) == ["after"])
        }
    }

    @Test func `a failed sync cannot bring back what was refused, even without a cut`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("before")
            disk.failNext(.sync)
            _ = log.answers.wait(for: try log.writer.append(batch([Array("refused".utf8)])))
            try log.keepSoon("after")
            log.writer.close()
            #expect(try readAll(directory).records.map(\.text) == ["before", "after"])
        }
    }
}
