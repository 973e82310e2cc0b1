import EventModel
import TestKit
import Testing

@testable import WriteAheadLog

/// Whatever is done to a log, it reads like an array of the records that were kept.
struct LogPropertyTests {
    @Test(arguments: 0..<25)
    func `a log agrees with a list over appends, starts, kills and removals`(seed: Int) throws {
        try withTemporaryDirectory { directory in
            var random = SeededRandom(UInt64(seed))
            let disk = SimulatedDisk(seed: UInt64(seed))
            let configuration = LogConfiguration(
                directory: directory, segmentBytes: Int.random(in: 65_536...200_000, using: &random), minFreeBytes: 0,
                maxGroupBytes: Int.random(in: 100...9_000, using: &random))
            var log = try TestLog(configuration, files: disk)
            var expected: [(sequence: UInt64, text: String)] = []
            var removedThrough: UInt64 = 0
            for _ in 0..<120 {
                switch Int.random(in: 0..<20, using: &random) {
                case 0:
                    let isKill = Bool.random(using: &random)
                    if isKill { disk.turnOff() }
                    log.writer.close()
                    disk.turnOn()
                    log = try TestLog(configuration, files: disk)
                    #expect(log.writer.recovery.wasClosed == !isKill)
                    #expect(log.writer.lastSequence == expected.last?.sequence ?? 0)
                case 1:
                    let loaded = expected.randomElement(using: &random)?.sequence ?? 0
                    try LogDirectory.removeSegments(
                        in: directory, loadedThrough: loaded, olderThan: .init(milliseconds: 0), force: true,
                        files: disk)
                    removedThrough = max(removedThrough, loaded)
                case 2, 3:
                    let after = max(removedThrough, expected.randomElement(using: &random)?.sequence ?? 0)
                    let all = try readAll(directory, after: after)
                    let wanted = expected.filter { $0.sequence > after }
                    #expect(all.records.map(\.sequence) == wanted.map(\.sequence))
                    #expect(all.records.map(\.text) == wanted.map(\.text))
                    #expect(all.losses.isEmpty)
                default:
                    let texts = (0..<Int.random(in: 1...30, using: &random)).map { _ in
                        String(repeating: "y", count: Int.random(in: 0...400, using: &random))
                    }
                    expected += zip(try log.keep(texts.map { Array($0.utf8) }), texts).map { ($0, $1) }
                }
            }
            log.writer.close()
            #expect(try LogDirectory.verify(directory).isSound)
        }
    }
}
