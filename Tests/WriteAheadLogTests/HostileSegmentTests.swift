import CCRC32C
import EventModel
import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

/// Files that no log of ours wrote, or that something rewrote: none may stop a reader or cost more than it holds.
struct HostileSegmentTests {
    private static let contents = [["one"], ["two", "three"], ["four"], ["five", "six"], ["seven"]]

    /// A change of a group's header or payload, after which its checksums are made right again.
    private static let changes: [String: @Sendable (inout [UInt8], Int) -> Void] = [
        "the payload is 4 GiB long": { $0.put(UInt32.max, $1 + 4) },
        "the payload ends behind the file": { $0.put(UInt32(1 << 20), $1 + 4) },
        "there are four thousand million records": { $0.put(UInt32.max, $1 + 16) },
        "there are more records than stand in it": { $0.put(UInt32(3), $1 + 16) },
        "there are fewer records than stand in it": { $0.put(UInt32(1), $1 + 16) },
        "there are no records": { $0.put(UInt32(0), $1 + 16) },
        "the first number is the highest there is": { $0.put(UInt64.max, $1 + 8) },
        "the first number is 0": { $0.put(UInt64(0), $1 + 8) },
        "the first number was never handed out": { $0.put(UInt64(1) << 40, $1 + 8) },
        "all numbers are known as durable": { $0.put(UInt64.max, $1 + 24) },
        "a record is longer than the payload": { $0.put(UInt32(1_000), $1 + 64) },
        "a record is 4 GiB long": { $0.put(UInt32.max, $1 + 64) },
    ]

    @Test(arguments: changes.keys.sorted())
    func `a group that makes no sense is damage, though its checksums are right`(name: String) throws {
        try withTemporaryDirectory { directory in
            let change = try #require(Self.changes[name])
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            var bytes = log.bytes
            let group = log.groups[1]
            change(&bytes, group.start)
            bytes.put(crc(bytes[(group.start + 64)..<group.end]), group.start + 56)
            bytes.put(crc(bytes[group.start..<(group.start + 60)]), group.start + 60)
            log.write(bytes, to: directory)
            let all = try readAll(directory)
            #expect(all.records.map(\.text) == ["one", "four", "five", "six", "seven"])
            #expect(all.losses.map(\.sequences) == [2...3])
            #expect(try LogDirectory.verify(directory).losses == all.losses)
            #expect(try LogDirectory.status(directory).lastSequence == 7)
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(next.writer.recovery.losses == all.losses)
            #expect(try next.keep("next") == 8...8)
            next.writer.close()
        }
    }

    @Test func `garbage between groups costs nothing`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            var random = SeededRandom(7)
            var bytes = log.bytes
            for group in log.groups.dropFirst().reversed() {
                let garbage = (0..<(512 * Int.random(in: 1...5, using: &random))).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                bytes.insert(contentsOf: garbage, at: group.start)
            }
            log.write(bytes, to: directory)
            let all = try readAll(directory)
            #expect(all.records.map(\.text) == log.texts)
            #expect(all.losses.isEmpty)
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(next.writer.recovery.lastSequence == 7)
            next.writer.close()
        }
    }

    @Test(arguments: [0, 1, 300, 511])
    func `a newest segment without a whole header is passed over, and nothing before it is forgotten`(
        size: Int
    ) throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            try TestLog(LogConfiguration(directory: directory)).writer.close()
            let newest = SegmentName(firstSequence: 8).path(in: directory)
            writeFile(Array(wholeFile(newest)[..<size]), newest)
            #expect(try LogDirectory.status(directory).lastSequence == 7)
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(next.writer.recovery.lastSequence == 7)
            #expect(next.writer.durableSequence == 7)
            #expect(try next.keep("next").lowerBound > 8)
            next.writer.close()
            #expect(try readAll(directory).records.map(\.text) == log.texts + ["next"])
            // What is not loaded is not removed, whatever the header said.
            for loaded in [UInt64(0), 6] {
                try LogDirectory.removeSegments(
                    in: directory, loadedThrough: loaded, olderThan: Timestamp(milliseconds: .max), force: true)
            }
            #expect(try readAll(directory).records.map(\.text) == log.texts + ["next"])
        }
    }

    @Test func `what is called like a segment and is none is left alone`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            mkdir(SegmentName(firstSequence: 8).path(in: directory), 0o750)
            mkfifo(SegmentName(firstSequence: 9).path(in: directory), 0o640)
            mkdir(directory + "/prepared-1.wal.new", 0o750)
            for name in [
                "+0000000000000000012", "00000000000000000000", "18446744073709551615", "99999999999999999999",
                "0000000000000000001٣",
            ] { writeFile([1, 2, 3], "\(directory)/\(name).wal") }
            #expect(try LogDirectory.status(directory).segments.count == 1)
            #expect(try LogDirectory.verify(directory).isSound)
            let next = try TestLog(LogConfiguration(directory: directory))
            // A directory is in the way of the next number: the one after it is free.
            #expect(try next.keepSoon("next").lowerBound > 7)
            next.writer.close()
            #expect(try readAll(directory).records.map(\.text) == log.texts + ["next"])
        }
    }

    @Test func `a segment under another number is refused by all, and told`() throws {
        try withTemporaryDirectory { directory in
            _ = try SmallLog(Self.contents, in: directory, closed: true)
            let name = SegmentName(firstSequence: 3).path(in: directory)
            try SystemLogFiles().rename(SegmentName(firstSequence: 1).path(in: directory), to: name)
            let attempts: [() throws -> Void] = [
                { _ = try LogReader(directory: directory, after: 0) },
                { _ = try LogWriter.open(LogConfiguration(directory: directory)) },
                { _ = try LogDirectory.status(directory) },
            ]
            for attempt in attempts {
                let error = #expect(throws: LogError.self) { try attempt() }
                #expect(error?.code == .damaged)
                #expect(error?.description.contains("begins at 1; give it its own name back") == true)
            }
        }
    }

    @Test(arguments: [32, 40, 48])
    func `a header with numbers that make no sense is a damaged one`(place: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            try TestLog(LogConfiguration(directory: directory)).keep("kept")
            let path = SegmentName(firstSequence: 8).path(in: directory)
            var bytes = wholeFile(path)
            for copy in [0, 512] {
                bytes.put(UInt64.max, copy + place)
                bytes.put(crc(bytes[copy..<(copy + 508)]), copy + 508)
            }
            writeFile(bytes, path)
            #expect(try readAll(directory).records.map(\.text) == log.texts + ["kept"])
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(next.writer.recovery.lastSequence == 8)
            next.writer.close()
        }
    }

    @Test(arguments: [Int64.min, .max])
    func `times that no calendar has stop nobody`(time: Int64) throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            var bytes = log.bytes
            for copy in [0, 512] {
                bytes.put(time, copy + 56)
                bytes.put(crc(bytes[copy..<(copy + 508)]), copy + 508)
            }
            for group in log.groups {
                bytes.put(time, group.start + 32)
                bytes.put(crc(bytes[group.start..<(group.start + 60)]), group.start + 60)
            }
            log.write(bytes, to: directory)
            let status = try LogDirectory.status(directory)
            #expect(status.lastSequence == 7)
            // What is reckoned with them has room to either side.
            for shown in [status.segments[0].createdAt, try #require(status.lastWrittenAt)] {
                #expect(!shown.description.isEmpty)
                #expect(shown.day.start <= shown && shown.day.end > shown)
                #expect(shown - .seconds(86_400) < shown + .seconds(86_400))
            }
            #expect(try readAll(directory).records.map(\.text) == log.texts)
        }
    }

    @Test(arguments: [LogFormat.maxSequence, LogFormat.maxSequence - (1 << 25)])
    func `a name that leaves no numbers behind it is refused, and what stands before it is kept`(
        number: UInt64
    ) throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            writeFile([], SegmentName(firstSequence: number).path(in: directory))
            let error = #expect(throws: LogError.self) {
                try LogWriter.open(LogConfiguration(directory: directory))
            }
            #expect(error?.code == .damaged && error?.description.contains("move it elsewhere") == true)
            #expect(try readAll(directory).records.map(\.text) == log.texts)
            #expect(try SegmentName.list(in: directory).count == 2)
        }
    }

    @Test func `what stands before a segment of another version is read, then that is refused`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: true)
            try TestLog(LogConfiguration(directory: directory)).keep("later")
            let path = SegmentName(firstSequence: 8).path(in: directory)
            var bytes = wholeFile(path)
            for copy in [0, 512] { bytes[copy + 8] = 9 }
            writeFile(bytes, path)
            var reader = try LogReader(directory: directory, after: 0)
            for text in log.texts { #expect(try reader.next()?.bytes == Array(text.utf8)) }
            let error = #expect(throws: LogError.self) { try reader.next() }
            #expect(error?.code == .unknownVersion)
            #expect(error?.description.contains("format 9") == true)
        }
    }

    private func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        Array(bytes).withUnsafeBytes { millrace_crc32c_software(0, $0.baseAddress, $0.count) }
    }
}

fileprivate extension [UInt8] {
    mutating func put(_ number: some FixedWidthInteger, _ offset: Int) {
        Swift.withUnsafeBytes(of: number.littleEndian) { bytes in
            self.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
    }
}
