import TestKit
import Testing

@testable import WriteAheadLog

/// Logs whose disk is cut off at any operation, fails now and then, and forgets what was not synced.
struct PowerCutTests {
    @Test(arguments: 0..<60)
    func `a power cut loses nothing that was acknowledged, and no number is used twice`(seed: Int) throws {
        try withTemporaryDirectory { directory in
            var life = Life(directory: directory, seed: UInt64(seed))
            for _ in 0..<6 { try life.round() }
            let all = try readAll(directory)
            #expect(all.losses.isEmpty)
            #expect(Set(all.records.map(\.sequence)).count == all.records.count)
            for record in all.records { #expect(life.handedOut[record.sequence] == record.text) }
            let read = Set(all.records.map(\.sequence))
            #expect(life.acknowledged.isSubset(of: read))
        }
    }

    /// A log that cannot prepare segments for lack of room: the written one grows. Keeps as many records as fill
    /// its first zeros and more.
    private func makeGrowingLog(_ directory: String, _ disk: SimulatedDisk) throws -> (log: TestLog, size: Int) {
        disk.setFree(3 << 20)
        let log = try TestLog(
            LogConfiguration(directory: directory, segmentBytes: 2 << 20, minFreeBytes: 1 << 20), files: disk)
        for number in 0..<40 { try log.keep([[UInt8](repeating: UInt8(number), count: 15_000)]) }
        return (log, LogFormat.dataStart + 40 * 15_360)
    }

    @Test func `a segment that grows has zeros ahead of what is written`() throws {
        try withTemporaryDirectory { directory in
            let (log, size) = try makeGrowingLog(directory, SimulatedDisk())
            #expect(try LogDirectory.status(directory).segments.map(\.firstSequence) == [1])
            let path = SegmentName(firstSequence: 1).path(in: directory)
            let before = wholeFile(path)
            #expect(before.count >= size + (32 << 10))
            #expect(before[size...].allSatisfy { $0 == 0 })
            // What goes into them lets the file be as large as it is.
            try log.keep("next")
            #expect(wholeFile(path).count == before.count)
            log.writer.close()
        }
    }

    @Test(arguments: 0..<12)
    func `a power cut while a segment grows loses nothing that was acknowledged`(seed: Int) throws {
        try withTemporaryDirectory { directory in
            let disk = SimulatedDisk(seed: UInt64(seed))
            let log = try makeGrowingLog(directory, disk).log
            disk.turnOff(after: seed * 3)
            var kept = 40
            while kept < 120, (try? log.keep([[UInt8](repeating: UInt8(kept), count: 15_000)])) != nil { kept += 1 }
            log.writer.close()
            try disk.cutPower(directory)
            disk.setFree(1 << 40)
            let next = try TestLog(LogConfiguration(directory: directory), files: disk)
            #expect(next.writer.recovery.losses.isEmpty)
            let refused = UInt64(kept + 1)
            #expect(try next.keep("after").lowerBound > refused)
            next.writer.close()
            let all = try readAll(directory)
            #expect(all.losses.isEmpty && all.records.last?.text == "after")
            #expect(all.records.prefix(kept).map(\.sequence) == Array(1...UInt64(kept)))
        }
    }

    /// What is known from outside about a log over several starts.
    private struct Life {
        let directory: String
        let disk: SimulatedDisk
        var random: SeededRandom
        var handedOut: [UInt64: String] = [:]
        var acknowledged: Set<UInt64> = []
        var highest: UInt64 = 0

        init(directory: String, seed: UInt64) {
            self.directory = directory
            disk = SimulatedDisk(seed: seed &+ 1_000)
            random = SeededRandom(seed)
        }

        /// Starts a writer, appends until the disk is cut off or enough was, and cuts the power, or kills, or closes.
        mutating func round() throws {
            let configuration = LogConfiguration(
                directory: directory, segmentBytes: 70_000, minFreeBytes: 0, maxGroupBytes: 2_000)
            if Bool.random(using: &random) { disk.turnOff(after: Int.random(in: 0...60, using: &random)) }
            if let log = try? TestLog(configuration, files: disk) {
                var open: [ClosedRange<UInt64>] = []
                for _ in 0..<Int.random(in: 0...40, using: &random) {
                    fault()
                    if let range = append(to: log) { open.append(range) }
                    if Int.random(in: 0..<3, using: &random) == 0 { settle(&open, log) }
                }
                if Bool.random(using: &random) { settle(&open, log) }
                if Bool.random(using: &random) { disk.turnOff() }
                log.writer.close()
            }
            if Int.random(in: 0..<3, using: &random) == 0 { disk.turnOn() } else { try disk.cutPower(directory) }
        }

        private mutating func fault() {
            let dice = Int.random(in: 0..<30, using: &random)
            if dice < 2 { disk.failNext(dice == 0 ? .write : .sync) }
        }

        private mutating func append(to log: TestLog) -> ClosedRange<UInt64>? {
            let texts = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                String(repeating: "x", count: Int.random(in: 0...1_500, using: &random)) + randomText()
            }
            guard let range = try? log.writer.append(batch(texts.map { Array($0.utf8) })) else { return nil }
            #expect(range.lowerBound > highest)
            highest = range.upperBound
            for (sequence, text) in zip(range, texts) { handedOut[sequence] = text }
            return range
        }

        private mutating func randomText() -> String { String(random.next()) }

        private mutating func settle(_ open: inout [ClosedRange<UInt64>], _ log: TestLog) {
            for range in open where log.answers.wait(for: range) == nil { acknowledged.formUnion(range) }
            open = []
        }
    }
}
