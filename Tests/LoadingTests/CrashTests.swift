import ControlStore
import EventModel
import Glibc
import Synchronization
import TestKit
import Testing

@testable import Loading

/// Ends a loader at one step, as a process would end: everything stays as it stands.
final class CrashingObserver: LoadObserver {
    struct Crash: Error {}

    let step: LoadStep
    let isAfter: Bool
    private let kills: Bool
    private let left: Mutex<Int>

    /// Crashes at the `time`-th time that the step comes, 1 being the first: by throwing, or by a SIGKILL to its own
    /// process.
    init(_ step: LoadStep, after isAfter: Bool, time: Int = 1, kills: Bool = false) {
        self.step = step
        self.isAfter = isAfter
        self.kills = kills
        left = Mutex(time)
    }

    var hasCrashed: Bool { left.withLock { $0 <= 0 } }

    func before(_ step: LoadStep) throws { if !isAfter { try crash(at: step) } }

    func after(_ step: LoadStep) throws { if isAfter { try crash(at: step) } }

    private func crash(at step: LoadStep) throws {
        guard step == self.step else { return }
        let isDue = left.withLock { left in
            left -= 1
            return left == 0
        }
        guard isDue else { return }
        if kills { kill(getpid(), SIGKILL) }
        throw Crash()
    }
}

@Suite struct CrashTests {
    static let places = LoadStep.allCases.flatMap { step in [(step, false), (step, true)] }
    let noon = LoadingSite.noon

    /// Events of several days and sessions, with an id that stands twice.
    private func events(_ site: LoadingSite) -> [Event] {
        var events = (0..<60).map { index in
            site.event(
                index % 4 == 0 ? "page_view" : "click", at: noon - .seconds(Int64(index % 20) * 9_500),
                session: "s_\(index % 7)", url: "/\(index)", received: noon
            ) { event in
                if index % 5 == 0 { event.funnel = Event.FunnelStep(name: "buy", step: "x", order: Int64(index % 3)) }
            }
        }
        events.append(events[3])
        return events
    }

    @Test(arguments: places)
    func `after a crash at any step every event is there exactly once`(step: LoadStep, isAfter: Bool) throws {
        try withSite { site in
            site.configuration.maxBatchEvents = 20
            site.configuration.mergeFiles = 2
            site.configuration.keepLoaded = .zero
            let sent = events(site)
            try site.send(sent)
            let observer = CrashingObserver(step, after: isAfter, time: 2)
            runUntilCrash(site, observer)
            let second = CrashingObserver(step, after: isAfter)
            runUntilCrash(site, second)
            #expect(observer.hasCrashed || second.hasCrashed)
            let loader = try site.loader()
            try loader.drain()
            try check(site, Array(sent.dropLast()), duplicates: 1)
            #expect(loader.checkpoint == UInt64(sent.count))
        }
    }

    @Test(arguments: places)
    func `after a kill -9 at any step every event is there exactly once`(step: LoadStep, isAfter: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let site = try LoadingSite(in: directory)
            let sent = events(site)
            try site.send(sent)
            site.closeLog()
            let name = step.rawValue
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [directory = directory as String, name = name as String, isAfter = isAfter as Bool] in
                let step = try #require(LoadStep(rawValue: name))
                let observer = CrashingObserver(step, after: isAfter, kills: true)
                let configuration = CrashTests.configuration(directory)
                let store = try ControlStore.open(path: TestDatabase.path(in: directory))
                let loader = try Loader(
                    configuration: configuration, store: store, warehouse: FakeWarehouse(),
                    clock: .fixed(LoadingSite.noon), observer: observer)
                try loader.drain()
                try Upkeep(
                    configuration: configuration, store: store, merger: loader.merger, observer: observer
                ).runOnce()
            }
            let loader = try site.loader()
            try loader.drain()
            try check(site, Array(sent.dropLast()), duplicates: 1)
            #expect(loader.checkpoint == UInt64(sent.count))
        }
    }

    /// Small batches, early merges, and segments removed at once.
    static func configuration(_ directory: String) -> LoaderConfiguration {
        var configuration = LoaderConfiguration(dataDirectory: directory, statusDirectory: directory)
        configuration.maxBatchEvents = 20
        configuration.mergeFiles = 2
        configuration.keepLoaded = .zero
        return configuration
    }

    /// Loads and tidies up until the observer ends it, or all is done.
    private func runUntilCrash(_ site: LoadingSite, _ observer: CrashingObserver) {
        do {
            let loader = try site.loader(observer)
            try loader.drain()
            try Upkeep(
                configuration: site.configuration, store: site.store, merger: loader.merger, observer: observer
            ).runOnce()
        } catch {
            #expect(error is CrashingObserver.Crash)
        }
    }

    private func check(_ site: LoadingSite, _ sent: [Event], duplicates: Int) throws {
        let stored = try site.events()
        #expect(stored.map(\.event.id.description).sorted() == sent.map(\.id.description).sorted())
        #expect(Set(stored.map(\.sequence)).count == stored.count)
        for row in stored { #expect(row.event == sent.first { $0.id == row.event.id }) }
        #expect(try site.counter("loaded") == sent.count)
        #expect(try site.counter("late_duplicate") == duplicates)
        #expect(try site.count("SELECT count(*) FROM user_sessions") == 7)
        let views = sent.filter { $0.eventType == "page_view" }.count
        #expect(try site.count("SELECT sum(page_views) FROM user_sessions") == views)
        let steps = Set(sent.compactMap { event in event.funnel.map { "\(event.sessionID ?? "") \($0.order)" } })
        #expect(try site.count("SELECT count(*) FROM conversion_funnels") == steps.count)
    }
}
