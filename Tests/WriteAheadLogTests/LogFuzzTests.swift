import EventModel
import Glibc
import TestKit
import Testing

@testable import WriteAheadLog

/// A log whose disk fails in every way there is, is cut off, fills up and rots, beside a list of what was promised.
///
/// `MILLRACE_LONG=1` makes it long; a failure names its seed.
struct LogFuzzTests {
    private static let isLong = getenv("MILLRACE_LONG") != nil

    @Test(arguments: 0..<(isLong ? 2_000 : 40))
    func `what was acknowledged is read, or stated as lost where the disk rotted`(seed: Int) throws {
        try withTemporaryDirectory { directory in
            var life = FuzzedLife(directory: directory, seed: UInt64(seed))
            for round in 0..<8 {
                try life.round()
                try life.check("seed \(seed), round \(round)")
            }
        }
    }
}

/// What is known from outside about a log over many starts.
private struct FuzzedLife {
    let directory: String
    let disk: SimulatedDisk
    var random: SeededRandom
    var handedOut: [UInt64: String] = [:]
    var acknowledged: Set<UInt64> = []
    /// Records of groups that were damaged.
    var damaged: Set<UInt64> = []
    var removedThrough: UInt64 = 0
    var highest: UInt64 = 0
    /// A live reader's finds, since it was opened.
    var reader: LogReader?
    var lastRead: UInt64 = 0

    init(directory: String, seed: UInt64) {
        self.directory = directory
        disk = SimulatedDisk(seed: seed &+ 77)
        random = SeededRandom(seed &* 3 &+ 1)
    }

    private mutating func chance(_ one: Int, in all: Int) -> Bool { Int.random(in: 0..<all, using: &random) < one }

    mutating func round() throws {
        let configuration = LogConfiguration(
            directory: directory, segmentBytes: Int.random(in: 2_000...90_000, using: &random), minFreeBytes: 0,
            maxGroupBytes: Int.random(in: 100...5_000, using: &random))
        if chance(1, in: 3) { disk.turnOff(after: Int.random(in: 0...90, using: &random)) }
        if chance(1, in: 6) { disk.setFull(true) }
        if let log = try? TestLog(configuration, files: disk) {
            disk.setFull(false)
            use(log)
            let isKill = chance(1, in: 2)
            if isKill { disk.turnOff() }
            log.writer.close()
        }
        disk.setFull(false)
        reader = nil
        if chance(1, in: 3) { disk.turnOn() } else { try disk.cutPower(directory) }
        if chance(1, in: 3) { try damage() }
        if chance(1, in: 4) { try remove() }
    }

    private mutating func use(_ log: TestLog) {
        var open: [ClosedRange<UInt64>] = []
        for _ in 0..<Int.random(in: 0...50, using: &random) {
            if chance(1, in: 12) { disk.failNext(SimulatedDisk.Fault.allCases.randomElement(using: &random) ?? .sync) }
            if chance(1, in: 30) { disk.setFull(true) }
            if chance(1, in: 4) { disk.setFull(false) }
            if let range = append(to: log) { open.append(range) }
            if chance(1, in: 3) { settle(&open, log) }
            if chance(1, in: 5) { follow() }
        }
        if chance(1, in: 2) { settle(&open, log) }
    }

    private mutating func append(to log: TestLog) -> ClosedRange<UInt64>? {
        let texts = (0..<Int.random(in: 1...6, using: &random)).map { _ in
            String(repeating: "z", count: Int.random(in: 0...1_200, using: &random)) + String(random.next())
        }
        guard let range = try? log.writer.append(batch(texts.map { Array($0.utf8) })) else { return nil }
        #expect(range.lowerBound > highest)
        highest = range.upperBound
        for (sequence, text) in zip(range, texts) { handedOut[sequence] = text }
        return range
    }

    private mutating func settle(_ open: inout [ClosedRange<UInt64>], _ log: TestLog) {
        for range in open where log.answers.wait(for: range) == nil { acknowledged.formUnion(range) }
        open = []
    }

    /// A reader beside the writer: its numbers grow, its texts are those that were appended.
    private mutating func follow() {
        if reader == nil || chance(1, in: 10) {
            reader = try? LogReader(directory: directory, after: removedThrough)
            lastRead = removedThrough
        }
        guard var current = reader else { return }
        reader = nil
        while let record = try? current.next() {
            #expect(record.sequence > lastRead)
            lastRead = record.sequence
            #expect(handedOut[record.sequence] == String(decoding: record.bytes, as: UTF8.self))
        }
        for loss in current.losses { #expect(damaged.isSuperset(of: loss.sequences), "\(loss)") }
        reader = current
    }

    /// Flips a byte of a group that a later header knows: of any segment but the newest, which may have a torn tail.
    private mutating func damage() throws {
        let names = try SegmentName.list(in: directory).dropLast()
        guard let name = names.randomElement(using: &random) else { return }
        let path = name.path(in: directory)
        let bytes = wholeFile(path)
        guard bytes.count > 1_024, let group = SmallLog.parse(bytes).randomElement(using: &random),
            group.end <= bytes.count
        else { return }
        disk.damage(path, at: Int.random(in: group.start..<group.end, using: &random))
        damaged.formUnion(group.sequences)
    }

    private mutating func remove() throws {
        let loaded = acknowledged.randomElement(using: &random) ?? 0
        try LogDirectory.removeSegments(
            in: directory, loadedThrough: loaded, olderThan: .init(milliseconds: 0), force: true, files: disk)
        removedThrough = max(removedThrough, loaded)
    }

    func check(_ comment: Comment) throws {
        guard !(try SegmentName.list(in: directory).isEmpty) else {
            #expect(acknowledged.isEmpty, comment)
            return
        }
        let all = try readAll(directory, after: removedThrough)
        let numbers = all.records.map(\.sequence)
        let read = Set(numbers)
        let lost = Set(all.losses.flatMap { Array($0.sequences) })
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, comment)
        for record in all.records { #expect(handedOut[record.sequence] == record.text, comment) }
        #expect(lost.isDisjoint(with: read), comment)
        #expect(lost.isSubset(of: damaged), comment)
        let promised = acknowledged.filter { $0 > removedThrough }
        #expect(promised.subtracting(read).isSubset(of: lost), comment)
        #expect(try LogDirectory.verify(directory).lostRecords >= UInt64(lost.count), comment)
    }
}
