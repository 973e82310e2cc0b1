import EventModel
import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

struct LogReaderTests {
    @Test func `a reader follows a live writer over segments without missing or repeating a record`() throws {
        try withTemporaryDirectory { directory in
            let count = 30_000
            let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 70_000, maxGroupBytes: 4_000))
            let writing = Monitor(false)
            let thread = try startThread {
                var number = 0
                while number < count {
                    var batch = RecordBatch()
                    for _ in 0..<min(1 + number % 37, count - number) {
                        batch.append(Array("record \(number)".utf8))
                        number += 1
                    }
                    while (try? log.writer.append(batch)) == nil { sched_yield() }
                }
                writing.withLock { $0 = true }
            }
            var reader = try LogReader(directory: directory, after: 0)
            var next = 0
            let start = ContinuousClock.now
            while next < count, ContinuousClock.now - start < .seconds(60) {
                let read = try reader.read(limit: 500) { sequence, bytes in
                    #expect(sequence == UInt64(next + 1))
                    #expect(bytes.elementsEqual("record \(next)".utf8))
                    next += 1
                }
                if read == 0 { sched_yield() } else if next % 7 == 0 { try reader.sync() }
            }
            pthread_join(thread, nil)
            #expect(next == count)
            #expect(reader.losses.isEmpty)
            #expect(try SegmentName.list(in: directory).count > 3)
            log.writer.close()
            #expect(try reader.next() == nil)
        }
    }

    @Test func `reading begins behind any number`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory, segmentBytes: 66_000))
            for number in 1...60 {
                try log.keep([
                    Array("a \(number)".utf8), [UInt8](repeating: 46, count: 3_000), Array("c \(number)".utf8),
                ])
            }
            log.writer.close()
            #expect(try SegmentName.list(in: directory).count > 2)
            for after in 0...180 {
                let all = try readAll(directory, after: UInt64(after))
                #expect(all.records.map(\.sequence) == Array(UInt64(after) + 1..<181))
                #expect(all.losses.isEmpty)
            }
        }
    }

    @Test func `a log that ends before the number is refused`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory))
            try log.keep("a", "b")
            #expect(try readAll(directory, after: 2).records.isEmpty)
            let error = #expect(throws: LogError.self) { try LogReader(directory: directory, after: 3) }
            #expect(error?.code == .endsEarly)
            #expect(error?.exitCode == .badData)
            log.writer.close()
        }
    }

    @Test func `a loaded segment that is removed while it is opened is no reason to end`() throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk()
            let killed = try TestLog(LogConfiguration(directory: directory), files: disk)
            try killed.keep("a", "b")
            disk.turnOff()
            killed.writer.close()
            let log = try TestLog(LogConfiguration(directory: directory))
            try log.keep("c")
            log.writer.close()
            var reader = try LogReader(
                directory: directory, after: 2, reads: VanishingSegment(SegmentName(firstSequence: 1)))
            #expect(try reader.next()?.bytes == Array("c".utf8))
            #expect(reader.losses.isEmpty)
        }
    }

    @Test func `at the end of a log a reader does not read all the zeros behind it again and again`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog([["one"]], in: directory, closed: false)
            #expect(truncate("\(directory)/\(log.name)", 256 << 20) == 0)
            let reads = CountedReads()
            var reader = try LogReader(directory: directory, after: 0, reads: reads)
            #expect(try reader.next()?.sequence == 1)
            for _ in 0..<130 { #expect(try reader.next() == nil) }
            #expect(reads.bytes < 64 << 20)
            // What a start finds, it finds behind any number of zeros.
            let forged = GroupHeader(
                payloadBytes: 0, firstSequence: 3, count: 0, isClosing: true, durableSequence: 2,
                writtenAt: .init(milliseconds: 1), logID: reader.logID, payloadChecksum: 0)
            var bytes = [UInt8](repeating: 0, count: 512)
            bytes.withUnsafeMutableBytes { forged.encode(into: $0) }
            let file = open("\(directory)/\(log.name)", O_WRONLY)
            pwrite(file, bytes, bytes.count, 200 << 20)
            close(file)
            #expect(try LogDirectory.verify(directory).losses.map(\.sequences) == [2...2])
        }
    }

    @Test func `no directory and no segment are one clear error`() throws {
        try withTemporaryDirectory { directory in
            for path in [directory, directory + "/none"] {
                let error = #expect(throws: LogError.self) { try LogReader(directory: path, after: 0) }
                #expect(error?.code == .missing)
            }
        }
    }

    @Test func `a log of another version is refused by reader, writer and tool`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog([["a"]], in: directory, closed: true)
            var bytes = log.bytes
            for copy in [0, 512] { bytes[copy + 8] = 2 }
            log.write(bytes, to: directory)
            let attempts: [() throws -> Void] = [
                { _ = try LogReader(directory: directory, after: 0) },
                { _ = try LogWriter.open(LogConfiguration(directory: directory)) },
                { _ = try LogDirectory.status(directory) },
                { _ = try LogDirectory.verify(directory) },
            ]
            for attempt in attempts {
                let error = #expect(throws: LogError.self) { try attempt() }
                #expect(error?.code == .unknownVersion)
                #expect(error?.description.contains("format 2") == true)
                #expect(error?.exitCode == .badData)
            }
            #expect(wholeFile("\(directory)/\(log.name)") == bytes)
        }
    }

    @Test func `a segment of another log is refused`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog([["a"]], in: directory + "/one", closed: true)
            let other = try TestLog(LogConfiguration(directory: directory + "/two"))
            other.writer.close()
            try LogDirectory.createEmptySegment(in: directory + "/two", pastSequence: 100)
            log.write(log.bytes, to: directory + "/two")
            var reader = try LogReader(directory: directory + "/two", after: 0)
            let error = #expect(throws: LogError.self) { while try reader.next() != nil {} }
            #expect(error?.code == .foreignLog)
            let second = #expect(throws: LogError.self) {
                try LogWriter.open(LogConfiguration(directory: directory + "/two"))
            }
            #expect(second?.code == .foreignLog)
        }
    }

    @Test func `damage in the segment that is being written is found once later groups tell`() throws {
        try withTemporaryDirectory { directory in
            let log = try TestLog(LogConfiguration(directory: directory))
            try log.keep("a")
            try log.keep("b")
            var reader = try LogReader(directory: directory, after: 0)
            #expect(try reader.next()?.sequence == 1)
            let path = SegmentName(firstSequence: 1).path(in: directory)
            let file = open(path, O_WRONLY)
            pwrite(file, "damage", 6, 1_024 + 512 + 66)
            close(file)
            #expect(try reader.next() == nil)
            try log.keep("c")
            #expect(reader.losses.isEmpty)
            try log.keep("d")
            var read: [UInt64] = []
            for _ in 0..<600 { if let record = try reader.next() { read.append(record.sequence) } }
            #expect(read == [3, 4])
            #expect(reader.losses.map(\.sequences) == [2...2])
            #expect(reader.position == 4)
            log.writer.close()
        }
    }
}

/// Runs the body on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) throws -> pthread_t {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let result = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    try #require(result == 0)
    return thread
}
