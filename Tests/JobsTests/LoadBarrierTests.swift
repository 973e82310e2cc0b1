import ControlStore
import EventModel
import TestKit
import Testing
import WriteAheadLog

@testable import Jobs

struct LoadBarrierTests {
    private func event(at time: Timestamp, _ project: ProjectID) -> Event {
        Event(
            id: EventID(high: 1, low: UInt64(time.milliseconds)), projectID: project, receivedAt: time,
            timestamp: time, eventType: "page_view")
    }

    /// Writes a log with one event at each time, and gives the log's id.
    private func writeLog(_ directory: String, _ times: [Timestamp], _ project: ProjectID) throws -> String {
        let writer = try LogWriter.open(LogConfiguration(directory: directory, minFreeBytes: 0))
        var batch = RecordBatch()
        for time in times { batch.append(event(at: time, project).encoded()) }
        _ = try writer.append(batch)
        writer.close()
        return writer.logID.hex
    }

    @Test func `where there is no log there is nothing to wait for`() throws {
        try withTemporaryDirectory { directory in
            let barrier = LoadBarrier(store: try TestDatabase.make(in: directory), logDirectory: directory + "/log")
            #expect(try barrier.isLoaded(through: Site.slot))
        }
    }

    @Test func `what was received up to the moment has to be loaded, what came later does not`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let project = try makeProject(store)
            let barrier = LoadBarrier(store: store, logDirectory: directory + "/log")
            let times = [Site.slot.seconds(-10), Site.slot.seconds(-5), Site.slot.seconds(30)]
            let log = try writeLog(directory + "/log", times, project)
            #expect(try !barrier.isLoaded(through: Site.slot))
            try store.write { try $0.moveCheckpoint(logID: log, from: 0, to: 1) }
            #expect(try !barrier.isLoaded(through: Site.slot))
            try store.write { try $0.moveCheckpoint(logID: log, from: 1, to: 2) }
            #expect(try barrier.isLoaded(through: Site.slot))
            #expect(try !barrier.isLoaded(through: Site.slot.seconds(30)))
            try store.write { try $0.moveCheckpoint(logID: log, from: 2, to: 3) }
            #expect(try barrier.isLoaded(through: Site.slot.seconds(30)))
        }
    }

    @Test func `a log that ends before the checkpoint is an error and not a success`() throws {
        try withTemporaryDirectory { directory in
            let store = try TestDatabase.make(in: directory)
            let project = try makeProject(store)
            let log = try writeLog(directory + "/log", [Site.slot], project)
            try store.write { try $0.moveCheckpoint(logID: log, from: 0, to: 1_000_000_000) }
            let barrier = LoadBarrier(store: store, logDirectory: directory + "/log")
            #expect(throws: LogError.self) { try barrier.isLoaded(through: Site.slot) }
        }
    }
}
