import EventModel
import Foundation
import Glibc
import Synchronization
import WriteAheadLog

@testable import Ingest

/// A log in memory: durable at once, and failing now and then where asked to. Counts what is in it.
final class MemoryLog: DurableLog {
    private struct State {
        var last: UInt64 = 0
        var durable = 0
        var batches = 0
        var unreadable = 0
        var subscribers: [@Sendable (LogProgress) -> Void] = []
    }

    private let state = Mutex(State())
    /// Of so many batches one is refused at once, and one fails later; 0 for none.
    private let failureEvery: Int

    init(failureEvery: Int) { self.failureEvery = failureEvery }

    var lastSequence: UInt64 { state.withLock { $0.last } }
    var durableSequence: UInt64 { state.withLock { $0.last } }
    var refusal: LogError? { nil }
    /// Records that are kept.
    var durableCount: Int { state.withLock { $0.durable } }
    /// Records that nobody can read back.
    var unreadableCount: Int { state.withLock { $0.unreadable } }

    func append(_ batch: RecordBatch) throws(LogError) -> ClosedRange<UInt64> {
        let captured = CapturedBatch()
        captured.batch = batch
        let events = try? captured.events()
        let (range, fails) = try state.withLock { state throws(LogError) in
            state.batches += 1
            if events?.count != batch.count { state.unreadable += 1 }
            let turn = failureEvery > 0 ? state.batches % failureEvery : -1
            if turn == 0 { throw LogError(.full, "the test has no room") }
            let first = state.last + 1
            state.last += UInt64(batch.count)
            if turn != 1 { state.durable += batch.count }
            return (first...state.last, turn == 1)
        }
        let progress =
            fails
            ? LogProgress.failed(range, LogError(.failed, "the test failed it")) : .durable(through: range.upperBound)
        for subscriber in state.withLock({ $0.subscribers }) { subscriber(progress) }
        return range
    }

    func subscribe(_ progress: @escaping @Sendable (LogProgress) -> Void) {
        state.withLock { $0.subscribers.append(progress) }
    }

    func close() {}
}

/// The sending side of one connection over a Unix socket: sends bytes in pieces, ends, and reads all that comes back.
enum FuzzPeer {
    /// Nil where the daemon did not end the connection within ten seconds.
    static func exchange(_ bytes: [UInt8], with path: String, _ random: inout SeededRandom) -> [UInt8]? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { return nil }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        send(bytes, to: descriptor, &random)
        shutdown(descriptor, Int32(SHUT_WR))
        return receiveAll(from: descriptor)
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32, _ random: inout SeededRandom) {
        let most = random.pick([1, 7, 100, 1_000, 100_000])
        var rest = bytes[...]
        while !rest.isEmpty {
            // One byte at a time for a while only, or long requests would take for ever.
            let size = rest.count > 4_000 ? max(most, 1_000) : most
            let piece = rest.prefix(1 + random.below(size))
            let count = piece.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
            if random.happens(20) { sched_yield() }
        }
    }

    private static func receiveAll(from descriptor: Int32) -> [UInt8]? {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 0 || (count < 0 && errno == ECONNRESET) { return received }
            guard count > 0 else { return nil }
            received += chunk[..<count]
        }
    }
}
