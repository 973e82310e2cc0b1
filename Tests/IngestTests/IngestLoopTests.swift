import EventModel
import NIOCore
import NIOPosix
import TestKit
import Testing
import WriteAheadLog

@testable import Ingest

/// What an event loop hands to the log, and when those who wait for it hear of it.
@Suite struct IngestLoopTests {
    /// One who waits for the log, and goes on as the test wants when he may send his answers.
    private final class Waiting: LogWaiter {
        var refused: [Int] = []
        var whenFlushed: () -> Void = {}

        func becameDurable(_ number: Int) {}
        func wasRefused(_ number: Int, _ error: LogError) { refused.append(number) }
        func flushAnswers() { whenFlushed() }
    }

    /// What a test sees of a loop on which it may stand.
    private struct Place: @unchecked Sendable {
        let loop: IngestLoop
        let log: SteeredLog
        let waiting = Waiting()

        func append(_ number: Int, bytes: Int = 1) throws(LogError) {
            loop.batch.append([UInt8](repeating: 7, count: bytes))
            try loop.appendWithTurn(for: waiting, number: number)
        }
    }

    /// Calls `turn` in one turn of an event loop, then `after` in a later one.
    private func run(
        turn: @escaping @Sendable (Place) throws -> Void, after: @escaping @Sendable (Place) -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let options = IngestOptions(directory: directory)
            let log = SteeredLog()
            let shared = IngestShared(
                options: options, log: log, limiter: RateLimiter(), recentIDs: RecentIDs(now: Clock.system.now()),
                secrets: try DaySecrets(directory: options.secretDirectory), proxies: options.trustedProxies,
                clock: .system, logger: TestServer.quiet, startedAt: Clock.system.now(),
                scripts: try ScriptPaths(names: []), gauges: [Gauges()])
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let eventLoop = group.next()
            let counters = Counters()
            let place = try await eventLoop.submit {
                Place(
                    loop: IngestLoop(
                        eventLoop: eventLoop, shared: shared, counters: counters, allCounters: [counters],
                        gauges: shared.gauges[0]),
                    log: log)
            }.get()
            try await eventLoop.submit { try turn(place) }.get()
            for _ in 0..<3 { try await eventLoop.submit {}.get() }
            try await eventLoop.submit { after(place) }.get()
            try await group.shutdownGracefully()
        }
    }

    @Test func `what a refusal's hearer appends is not taken for what was refused`() async throws {
        try await run { place in
            place.log.refuse(with: LogError(.full, "no room"))
            place.waiting.whenFlushed = {
                guard place.log.refusal != nil else { return }
                place.log.refuse(with: nil)
                do { try place.append(2) } catch { Issue.record(error) }
            }
            try place.append(1)
        } after: { place in
            #expect(place.waiting.refused == [1])
            #expect(place.log.lastSequence == 1)
        }
    }

    @Test func `nobody hears of a refusal while another's events are on their way to the log`() async throws {
        try await run { place in
            place.log.refuse(with: LogError(.full, "no room"))
            place.waiting.whenFlushed = {
                guard place.log.refusal != nil else { return }
                place.log.refuse(with: nil)
                // One who reads on begins with an empty batch.
                #expect(place.loop.batch.isEmpty)
                place.loop.batch.removeAll()
                do { try place.append(3) } catch { Issue.record(error) }
            }
            try place.append(1)
            #expect(throws: LogError.self) { try place.append(2, bytes: 32 << 10) }
        } after: { place in
            #expect(place.waiting.refused == [1])
            #expect(place.log.lastSequence == 1)
        }
    }
}
