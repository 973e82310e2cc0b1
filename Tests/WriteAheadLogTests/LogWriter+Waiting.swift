import EventModel
import Glibc
import TestKit

@testable import WriteAheadLog

/// Waits for what becomes of records.
final class Answers: Sendable {
    struct State {
        var durable: UInt64 = 0
        var refused: [(range: ClosedRange<UInt64>, error: LogError)] = []
    }

    private let monitor = Monitor(State())

    init(_ writer: LogWriter) {
        writer.subscribe { [monitor] progress in
            monitor.withLock { state in
                switch progress {
                case .durable(let sequence): state.durable = sequence
                case .failed(let range, let error): state.refused.append((range, error))
                }
            }
            monitor.ring()
        }
    }

    /// Nil when the records are on the disk, else why they were refused.
    func wait(for range: ClosedRange<UInt64>) -> LogError? {
        let start = ContinuousClock.now
        return monitor.wait(patience: { _ in .seconds(1) }) { state -> LogError?? in
            if ContinuousClock.now - start > .seconds(120) {
                return .some(LogError(.closed, "no answer in 120 seconds"))
            }
            if let failed = state.refused.first(where: { $0.range.overlaps(range) }) { return .some(failed.error) }
            return state.durable >= range.upperBound ? .some(nil) : nil
        }
    }
}

/// A log as a test holds it: a writer and its answers.
struct TestLog {
    let writer: LogWriter
    let answers: Answers

    init(_ configuration: LogConfiguration, clock: Clock = .system, files: any LogFiles = QuickFiles()) throws {
        var configuration = configuration
        // What a simulated disk does shall be the same each time, and it is slow with many zeros.
        if files is SimulatedDisk {
            configuration.preparation = .inline
            if configuration.segmentBytes == 64 << 20 { configuration.segmentBytes = 256 << 10 }
        }
        writer = try LogWriter.open(configuration, clock: clock, files: files)
        answers = Answers(writer)
    }

    /// Appends the records together and waits until they are on the disk; their numbers.
    @discardableResult
    func keep(_ records: [[UInt8]]) throws -> ClosedRange<UInt64> {
        let range = try writer.append(batch(records))
        if let error = answers.wait(for: range) { throw error }
        return range
    }

    @discardableResult
    func keep(_ texts: String...) throws -> ClosedRange<UInt64> { try keep(texts.map { Array($0.utf8) }) }

    /// Appends until the log takes it again, for as long as a test may last.
    @discardableResult
    func keepSoon(_ text: String) throws -> ClosedRange<UInt64> { try keepSoon(Array(text.utf8)) }

    @discardableResult
    func keepSoon(_ record: [UInt8]) throws -> ClosedRange<UInt64> {
        let start = ContinuousClock.now
        while true {
            do { return try keep([record]) } catch {
                guard ContinuousClock.now - start < .seconds(120) else { throw error }
                sched_yield()
            }
        }
    }
}

func batch(_ records: [[UInt8]]) -> RecordBatch {
    var batch = RecordBatch()
    for record in records { batch.append(record) }
    return batch
}

/// The system's files without waiting for a disk: for tests in which nothing goes wrong with it.
struct QuickFiles: LogFiles {
    private let system = SystemLogFiles()

    func create(_ path: String) throws(LogError) -> Int32 { try system.create(path) }
    func open(_ path: String) throws(LogError) -> Int32 { try system.open(path) }
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws(LogError) {
        try system.write(bytes, to: descriptor, at: offset)
    }
    func sync(_ descriptor: Int32) throws(LogError) {}
    func truncate(_ descriptor: Int32, to size: Int) throws(LogError) { try system.truncate(descriptor, to: size) }
    func close(_ descriptor: Int32) { system.close(descriptor) }
    func rename(_ path: String, to newPath: String) throws(LogError) { try system.rename(path, to: newPath) }
    func remove(_ path: String) throws(LogError) { try system.remove(path) }
    func syncDirectory(_ path: String) throws(LogError) {}
    func freeBytes(_ path: String) throws(LogError) -> Int { 1 << 40 }
}

/// All that can be read of a log, as texts by their numbers, and what is lost.
func readAll(
    _ directory: String, after: UInt64 = 0
) throws -> (records: [(sequence: UInt64, text: String)], losses: [LogLoss]) {
    var reader = try LogReader(directory: directory, after: after)
    var records: [(sequence: UInt64, text: String)] = []
    while let record = try reader.next() {
        records.append((record.sequence, String(decoding: record.bytes, as: UTF8.self)))
    }
    return (records, reader.losses)
}
