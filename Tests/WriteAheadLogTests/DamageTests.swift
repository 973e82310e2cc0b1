import TestKit
import Testing

@testable import WriteAheadLog

struct DamageTests {
    private static let contents = [
        ["one"], ["two", "three"], [String(repeating: "long", count: 150)], ["four", ""], ["5"],
    ]

    @Test func `a flipped byte costs its group at most, is said exactly, and what follows is read`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            #expect(log.groups.count == Self.contents.count + 1)
            for offset in 0..<log.bytes.count {
                var bytes = log.bytes
                bytes[offset] ^= 1 << UInt8(offset % 8)
                log.write(bytes, to: directory)
                let hit = log.groups.first { $0.start <= offset && offset < $0.end && !$0.sequences.isEmpty }
                let all = try readAll(directory)
                let report = try LogDirectory.verify(directory)
                let expected = (1...UInt64(log.texts.count)).filter { hit?.sequences.contains($0) != true }
                #expect(all.records.map(\.sequence) == expected, "byte \(offset)")
                #expect(all.records.map(\.text) == expected.map { log.texts[Int($0) - 1] }, "byte \(offset)")
                #expect(all.losses.map(\.sequences) == hit.map { [ClosedRange($0.sequences)] } ?? [], "byte \(offset)")
                #expect(all.losses.first?.offset == hit?.start)
                #expect(report.losses == all.losses, "byte \(offset)")
                #expect(report.records == UInt64(expected.count))
            }
        }
    }

    @Test func `a writer finds damage, says it once more at its start, and goes on`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            var bytes = log.bytes
            for group in log.groups[1...2] { bytes[group.start + 70] ^= 4 }
            log.write(bytes, to: directory)
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(next.writer.recovery.losses.map(\.sequences) == [2...4])
            #expect(try next.keep("next") == 8...8)
            next.writer.close()
            let all = try readAll(directory)
            #expect(all.records.map(\.sequence) == [1, 5, 6, 7, 8])
            #expect(all.losses.map(\.sequences) == [2...4])
            #expect(all.losses.first?.count == 3)
        }
    }

    @Test func `groups lost at the end of a segment are known from the next one`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            let next = try TestLog(LogConfiguration(directory: directory))
            try next.keep("next")
            next.writer.close()
            log.write(Array(log.bytes[..<(log.groups[3].start + 70)]), to: directory)
            let all = try readAll(directory)
            #expect(all.records.map(\.sequence) == [1, 2, 3, 4, 8])
            #expect(all.losses.map(\.sequences) == [5...7])
            #expect(try LogDirectory.verify(directory).losses.map(\.sequences) == [5...7])
        }
    }

    @Test func `a segment that is gone is a loss of its numbers, and so is what went before the first`() throws {
        try withTemporaryDirectory { directory in
            for text in ["a", "b", "c"] {
                let log = try TestLog(LogConfiguration(directory: directory))
                try log.keep(text, text)
                log.writer.close()
            }
            try SystemLogFiles().remove(SegmentName(firstSequence: 3).path(in: directory))
            var all = try readAll(directory)
            #expect(all.records.map(\.sequence) == [1, 2, 5, 6])
            #expect(all.losses.map(\.sequences) == [3...4])
            try SystemLogFiles().remove(SegmentName(firstSequence: 1).path(in: directory))
            all = try readAll(directory, after: 1)
            #expect(all.records.map(\.sequence) == [5, 6])
            #expect(all.losses.map(\.sequences) == [2...4])
        }
    }

    @Test func `of a segment that is gone only an upper bound is said, where numbers had been reserved`() throws {
        try withTemporaryDirectory { directory in
            for text in ["a", "b", "c"] {
                let disk = SimulatedDisk()
                let log = try TestLog(LogConfiguration(directory: directory), files: disk)
                try log.keep(text)
                if text != "c" { disk.turnOff() }
                log.writer.close()
            }
            let names = try SegmentName.list(in: directory)
            #expect(names.count == 3)
            try SystemLogFiles().remove(names[1].path(in: directory))
            let all = try readAll(directory)
            #expect(all.records.map(\.text) == ["a", "c"])
            #expect(all.losses.map(\.sequences) == [2...names[1].firstSequence])
            #expect(all.losses.first?.isUpperBound == true)
            #expect(all.losses.first?.description.hasPrefix("up to ") == true)
            #expect(try LogDirectory.verify(directory).losses == all.losses)
        }
    }

    @Test func `without its header a segment is read by its name and its groups`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            log.write([UInt8](repeating: 0, count: 1_024) + log.bytes[1_024...], to: directory)
            #expect(try readAll(directory).records.map(\.text) == log.texts)
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(try next.keep("next") == 8...8)
            next.writer.close()
            #expect(try readAll(directory).records.map(\.text) == log.texts + ["next"])
        }
    }

    @Test func `a segment before one whose header is damaged is read and counted to its end`() throws {
        try withTemporaryDirectory { directory in
            for text in ["a", "b"] {
                let log = try TestLog(LogConfiguration(directory: directory))
                try log.keep(text, text)
                log.writer.close()
            }
            let second = SegmentName(firstSequence: 3).path(in: directory)
            writeFile([UInt8](repeating: 0, count: 1_024) + wholeFile(second)[1_024...], second)
            #expect(try readAll(directory).records.map(\.text) == ["a", "a", "b", "b"])
            let report = try LogDirectory.verify(directory)
            #expect(report.records == 4 && report.losses.isEmpty && report.firstSequence == 1)
            let status = try LogDirectory.status(directory)
            #expect(status.segments.map(\.lastSequence) == [2, 4] && status.firstSequence == 1)
        }
    }

    @Test func `a record that looks like a group is not taken for one`() throws {
        try withTemporaryDirectory { directory in
            // Another log's group, sound in itself, at a sector's begin within a record.
            let other = try SmallLog([["forged"]], in: directory + "/other", closed: false)
            let forged = Array(other.bytes[other.groups[0].start..<other.groups[0].end])
            let record = [UInt8](repeating: 0, count: 512 - 68) + forged + [UInt8](repeating: 0, count: 512)
            let log = try TestLog(LogConfiguration(directory: directory))
            try log.keep([record])
            try log.keep("after")
            log.writer.close()
            let path = SegmentName(firstSequence: 1).path(in: directory)
            var bytes = wholeFile(path)
            #expect(bytes[1_536..<1_540].elementsEqual("MRG1".utf8))
            bytes[1_030] ^= 1
            writeFile(bytes, path)
            let all = try readAll(directory)
            #expect(all.records.map(\.text) == ["after"])
            #expect(all.losses.map(\.sequences) == [1...1])
        }
    }
}
