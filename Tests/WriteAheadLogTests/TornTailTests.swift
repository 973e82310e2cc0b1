import TestKit
import Testing

@testable import WriteAheadLog

struct TornTailTests {
    private static let contents = [
        ["one"], ["two", "three"], [String(repeating: "long", count: 150)], ["four", ""], ["5"],
    ]

    @Test func `a log cut at any byte reads as a prefix that holds every whole group`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory + "/made", closed: false)
            #expect(log.groups.count == Self.contents.count)
            let cut = directory + "/made"
            for size in 0..<log.bytes.count {
                log.write(Array(log.bytes[..<size]), to: cut)
                guard size >= 512 else {
                    // A segment shows only when its header is on the disk: this is no torn tail.
                    let error = #expect(throws: LogError.self) { try readAll(cut) }
                    #expect(error?.code == .damaged)
                    continue
                }
                let all = try readAll(cut)
                let whole = log.groups.filter { $0.end <= size }.reduce(0) { $0 + $1.sequences.count }
                #expect(all.records.map(\.text) == Array(log.texts.prefix(whole)), "cut at \(size)")
                #expect(all.losses.isEmpty, "cut at \(size)")
            }
        }
    }

    @Test func `a writer goes on after a log cut at any byte, and reuses no number`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: false)
            for size in 512..<log.bytes.count {
                try emptyDirectory(directory)
                log.write(Array(log.bytes[..<size]), to: directory)
                let whole = log.groups.filter { $0.end <= size }.reduce(0) { $0 + $1.sequences.count }
                let next = try TestLog(LogConfiguration(directory: directory, segmentBytes: 64 << 10))
                #expect(next.writer.recovery.lastSequence == UInt64(whole))
                #expect(try next.keep("next").lowerBound > UInt64(log.texts.count), "cut at \(size)")
                next.writer.close()
                let all = try readAll(directory)
                #expect(all.records.map(\.text) == log.texts.prefix(whole) + ["next"], "cut at \(size)")
                #expect(all.losses.isEmpty, "cut at \(size)")
            }
        }
    }

    @Test func `what stands half written behind the last group is cut and counted`() throws {
        try withTemporaryDirectory { directory in
            let log = try SmallLog(Self.contents, in: directory, closed: false)
            var bytes = log.bytes
            let last = try #require(log.groups.last)
            bytes[last.end - 1] ^= 1
            log.write(bytes + [UInt8](repeating: 0, count: 10_000), to: directory)
            let next = try TestLog(LogConfiguration(directory: directory))
            #expect(next.writer.recovery.tornBytes == last.end - last.start)
            #expect(next.writer.recovery.lastSequence == last.sequences.lowerBound - 1)
            #expect(next.writer.recovery.losses.isEmpty)
            next.writer.close()
            #expect(wholeFile("\(directory)/\(log.name)").count == last.start)
        }
    }
}
