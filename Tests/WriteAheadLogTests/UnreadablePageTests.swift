import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

/// A disk with pages that it cannot read: they cost what stands on them and nothing else, and may be readable again.
struct UnreadablePageTests {
    private let first = SegmentName(firstSequence: 1)
    /// Each in a group of its own of 8,192 bytes, the first at 1,024.
    private let texts = (0..<6).map { String(repeating: "\($0)", count: 8_000) }
    /// Lies within the group of record 3, and within that of record 6, the last.
    private let thirdRecordPage = 5
    private let lastRecordPage = 11

    /// A log that was killed after six records.
    private func makeLog(_ directory: String) throws {
        let disk = SimulatedDisk()
        let log = try TestLog(LogConfiguration(directory: directory), files: disk)
        for text in texts { try log.keep(text) }
        disk.turnOff()
        log.writer.close()
    }

    private func recover(_ directory: String, _ reads: BadPages) throws -> SegmentRecovery {
        var recovery = SegmentRecovery(directory: directory, files: QuickFiles(), reads: reads)
        try recovery.run()
        return recovery
    }

    /// Begins the next segment as a writer does that found this.
    private func begin(after recovery: SegmentRecovery) throws {
        let header = SegmentHeader(
            logID: try #require(recovery.logID), firstSequence: recovery.nextSequence,
            reservedThrough: recovery.nextSequence + 10, previousLast: recovery.result.lastSequence,
            createdAt: .init(milliseconds: 1))
        try ActiveSegment.create(header, in: recovery.directory, files: QuickFiles()).seal()
    }

    private func readAll(
        _ directory: String, _ reads: any SegmentReads = SystemSegmentReads()
    ) throws -> (texts: [String], losses: [LogLoss]) {
        var reader = try LogReader(directory: directory, after: 0, reads: reads)
        var texts: [String] = []
        while let record = try reader.next() { texts.append(String(decoding: record.bytes, as: UTF8.self)) }
        return (texts, reader.losses)
    }

    @Test func `a start finds what stands behind an unreadable page, says what it cost, and cuts nothing`() throws {
        try withTemporaryDirectory { directory in
            try makeLog(directory)
            let before = wholeFile(first.path(in: directory))
            let recovery = try recover(directory, BadPages([thirdRecordPage], of: first))
            #expect(recovery.result.losses.map(\.sequences) == [3...3])
            #expect(recovery.result.losses.first?.isUpperBound == false)
            #expect(recovery.result.lastSequence == 6 && recovery.result.tornBytes == 0)
            #expect(recovery.nextSequence > 6 && recovery.emptySegment == nil)
            #expect(wholeFile(first.path(in: directory)) == before)
            try begin(after: recovery)
            #expect(try readAll(directory).texts == texts)
            #expect(try readAll(directory, BadPages([thirdRecordPage], of: first)).losses == recovery.result.losses)
        }
    }

    @Test func `a last record on an unreadable page is said, and read where the page comes back`() throws {
        try withTemporaryDirectory { directory in
            try makeLog(directory)
            let reads = BadPages([lastRecordPage], of: first)
            let recovery = try recover(directory, reads)
            let loss = try #require(recovery.result.losses.first)
            #expect(loss.sequences.lowerBound == 6 && loss.isUpperBound)
            // No more than could stand there.
            #expect(loss.count <= 8_192 / 4)
            #expect(recovery.nextSequence > loss.sequences.upperBound)
            try begin(after: recovery)
            let now = try readAll(directory, reads)
            #expect(now.texts == Array(texts[..<5]) && now.losses.map(\.sequences) == [loss.sequences])
            #expect(try readAll(directory).texts == texts)
        }
    }

    @Test func `groups of one write are not lost with the unreadable page before them`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory, maxGroupBytes: 4_000), files: disk)
            let gate = disk.holdNextSync()
            _ = try log.writer.append(batch([Array("0".utf8)]))
            gate.waitUntilReached()
            // All of these go out together, none of them knowing another as durable.
            var last = UInt64(0)
            for text in texts { last = try log.writer.append(batch([Array(text.utf8)])).upperBound }
            gate.open(failing: false)
            #expect(log.answers.wait(for: 1...last) == nil)
            disk.turnOff()
            log.writer.close()
            let recovery = try recover(directory, BadPages([5], of: first))
            #expect(recovery.result.lastSequence == 7)
            #expect(recovery.result.losses.map(\.sequences) == [4...4])
        }
    }

    @Test func `a passing fault of the disk costs nothing`() throws {
        try withTemporaryDirectory { directory in
            try makeLog(directory)
            let recovery = try recover(directory, BadPages([thirdRecordPage], of: first, failures: 1))
            #expect(recovery.result.losses.isEmpty && recovery.result.lastSequence == 6)
        }
    }

    @Test func `a segment whose first page is unreadable is not taken for an empty one`() throws {
        try withTemporaryDirectory { directory in
            let older = try TestLog(LogConfiguration(directory: directory))
            try older.keep("older")
            older.writer.close()
            let disk = SimulatedDisk()
            let log = try TestLog(LogConfiguration(directory: directory), files: disk)
            try log.keep("kept")
            disk.turnOff()
            log.writer.close()
            let newest = SegmentName(firstSequence: 2)
            let recovery = try recover(directory, BadPages([0], of: newest))
            #expect(recovery.emptySegment == nil)
            #expect(recovery.result.losses.first?.sequences.lowerBound == 2)
            try begin(after: recovery)
            #expect(try readAll(directory).texts == ["older", "kept"])
        }
    }

    @Test func `only a segment of zeros is an empty one`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog([["one"]], in: directory, closed: false)
            log.write(Array(log.bytes[..<1_024]) + [UInt8](repeating: 0, count: 4_096), to: directory)
            var recovery = SegmentRecovery(directory: directory, files: QuickFiles())
            try recovery.run()
            #expect(recovery.emptySegment == first)
            log.write(Array(log.bytes[..<1_090]) + [UInt8](repeating: 0, count: 4_096), to: directory)
            recovery = SegmentRecovery(directory: directory, files: QuickFiles())
            try recovery.run()
            #expect(recovery.emptySegment == nil && recovery.result.tornBytes > 0)
        }
    }

    @Test func `a sealed segment is read behind an unreadable page`() throws {
        try withTemporaryDirectory { directory in
            try makeLog(directory)
            let next = try TestLog(LogConfiguration(directory: directory))
            try next.keep("next")
            next.writer.close()
            let all = try readAll(directory, BadPages([thirdRecordPage], of: first))
            #expect(all.texts == texts.filter { $0 != texts[2] } + ["next"])
            #expect(all.losses.map(\.sequences) == [3...3])
        }
    }

    @Test func `unreadable stretches merge, and leave the rest of a range`() {
        var stretches = UnreadableStretches()
        for range in [20..<30, 0..<10, 40..<50, 10..<12, 28..<41] { stretches.add(range) }
        #expect(stretches.ranges == [0..<12, 20..<50])
        #expect(stretches.readable(of: 5..<60) == [12..<20, 50..<60])
        #expect(stretches.readable(of: 12..<20) == [12..<20])
        #expect(stretches.readable(of: 25..<40).isEmpty)
        #expect(stretches.touch(11..<13) && !stretches.touch(12..<20))
    }
}
