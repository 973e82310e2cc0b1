import ControlStore
import EventModel
import JobQueue
import KeyValue
import Logging
import Settings
import TestKit
import Testing
import Warehouse
import WorkerKit
import WriteAheadLog

@testable import Jobs

/// The aggregation as a worker does it: claimed, waited for, published with its completion.
struct AggregationHandlerTests {
    private struct Bench {
        let site: Site
        let queue: JobQueue
        let context: WorkerContext

        init(_ directory: String) throws {
            site = try Site(directory)
            queue = JobQueue(store: site.store, configuration: JobQueueConfiguration())
            var configuration = try Configuration.load(file: nil)
            configuration.dataDirectory = directory
            context = WorkerContext(
                configuration: configuration, store: site.store, queue: queue, clock: site.clock.clock,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        }

        func worker(_ openWarehouse: (@Sendable () throws -> any EventWarehouse)? = nil) -> Worker {
            let warehouse = site.warehouse
            let handler = AggregationHandler(patience: .zero, openWarehouse: openWarehouse ?? { warehouse })
            return Worker(handler, context, owner: "test")
        }

        func enqueue(_ slot: Slot) throws -> Job {
            try queue.enqueue([JobRequest(.aggregate, slot: slot, askedBy: .timer)])[0].job
        }

        func value(_ key: String) throws -> String? {
            try site.store.read { try KeyValueStore(namespace: "FUNNEL_DATA").get(key, in: $0)?.json }
        }
    }

    @Test func `the newest slot's job completes with its records, which its result names`() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.site.add("page_view", "ann", at: Site.slot.hours(-1))
            try bench.site.load()
            bench.site.clock.advance(by: .seconds(300))
            let job = try bench.enqueue(.planned(Site.slot))
            let done = try await bench.worker().drain()
            #expect(done.map(\.id) == [job.id])
            #expect(done.first?.state == .completed)
            #expect(done.first?.result?.contains("\"funnel:live\"") == true)
            let live = try #require(try bench.value("funnel:live"))
            #expect(live.contains("\"as_of\":\"2025-01-01T12:00:00Z\""))
            #expect(live.contains("\"lastUpdated\":\"2025-01-01T12:05:00Z\""))
            #expect(live.contains("\"totalVisitors\":1,"))
        }
    }

    @Test func `a missed slot leaves live alone`() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            _ = try bench.enqueue(.planned(Site.slot.hours(-12)))
            let done = try await bench.worker().drain()
            #expect(done.first?.state == .completed)
            #expect(try bench.value("funnel:live") == nil)
            #expect(try bench.value("funnel:daily:2024-12-31") != nil)
        }
    }

    @Test func `a request's window ends now`() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.site.add("page_view", "ann", at: Site.slot.hours(1))
            try bench.site.load()
            bench.site.clock.advance(by: .seconds(7_200))
            _ = try bench.enqueue(.request)
            try await bench.worker().drain()
            #expect(try bench.value("funnel:live")?.contains("\"totalVisitors\":1,") == true)
        }
    }

    @Test func `a planned slot that runs after a request does not take its newer numbers away`() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            bench.site.add("page_view", "ann", at: Site.slot.hours(1))
            try bench.site.load()
            bench.site.clock.advance(by: .seconds(7_200))
            _ = try bench.enqueue(.request)
            try await bench.worker().drain()
            let newest = try bench.value("funnel:live")
            _ = try bench.enqueue(.planned(Site.slot))
            let done = try await bench.worker().drain()
            #expect(done.map(\.state) == [.completed])
            #expect(newest != nil)
            #expect(try bench.value("funnel:live") == newest)
        }
    }

    @Test func `a job is put off while the log is not loaded, and uses up no attempt`() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let writer = try LogWriter.open(LogConfiguration(directory: directory + "/log", minFreeBytes: 0))
            let event = Event(
                id: EventID(high: 1, low: 1), projectID: bench.site.project, receivedAt: Site.slot,
                timestamp: Site.slot, eventType: "page_view")
            var batch = RecordBatch()
            batch.append(event.encoded())
            let last = try writer.append(batch).upperBound
            writer.close()
            let job = try bench.enqueue(.planned(Site.slot))
            let done = try await bench.worker().drain()
            #expect(done.first?.state == .snoozed)
            #expect(done.first?.message.contains("loader") == true)
            #expect(try bench.value("funnel:live") == nil)
            try bench.site.store.write { try $0.moveCheckpoint(logID: writer.logID.hex, from: 0, to: last) }
            #expect(try bench.queue.job(job.id)?.attempt == 0)
        }
    }

    @Test func `a job that was cancelled meanwhile writes nothing`() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            let job = try bench.enqueue(.planned(Site.slot))
            let queue = bench.queue
            let warehouse = bench.site.warehouse
            let worker = bench.worker {
                _ = try queue.cancel(job.id)
                return warehouse
            }
            try await worker.drain()
            #expect(try bench.queue.job(job.id)?.state == .cancelled)
            #expect(try bench.value("funnel:live") == nil)
        }
    }

    @Test func `a failed run leaves the old records`() async throws {
        try await withTemporaryDirectory { directory in
            let bench = try Bench(directory)
            _ = try bench.enqueue(.planned(Site.slot))
            try await bench.worker().drain()
            let before = try #require(try bench.value("funnel:live"))
            _ = try bench.enqueue(.request)
            let done = try await bench.worker { throw WarehouseError(.libraryMissing, "load DuckDB", "gone") }.drain()
            #expect(done.first?.state == .retryable)
            #expect(try bench.value("funnel:live") == before)
        }
    }

    @Test func `slots are at midnight and noon and each missed one is made up`() {
        let schedule = AggregationJob.schedule
        #expect(schedule.newestSlot(at: Site.slot.seconds(1)) == Site.slot)
        let due = schedule.slotsDue(after: Site.slot.hours(-36), at: Site.slot.hours(1))
        #expect(due == [Site.slot.hours(-24), Site.slot.hours(-12), Site.slot])
        #expect(AggregationJob.isCurrent(Site.slot, at: Site.slot.hours(11)))
        #expect(!AggregationJob.isCurrent(Site.slot, at: Site.slot.hours(12)))
        #expect(AggregationJob.isCurrent(nil, at: Site.slot))
    }
}
