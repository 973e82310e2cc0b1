import EventModel
import Glibc
import Synchronization
import TestKit
import Testing

@testable import Warehouse

@Suite struct ConnectionTests {
    @Test func `parameters of every kind reach the statement`() throws {
        let connection = try makeConnection()
        let result = try connection.query(
            """
            SELECT $text::VARCHAR, $whole::BIGINT, $number::DOUBLE, $flag::BOOLEAN, $time::TIMESTAMP, $bytes::BLOB,
            $day::DATE, $nothing::VARCHAR, $huge::HUGEINT
            """,
            [
                "text": .text("it's a duck\u{1F986}, longer than twelve"), "whole": .integer(.min),
                "number": .double(0.25),
                "flag": .boolean(true), "time": .timestamp(microseconds: 1_735_732_800_123_456),
                "bytes": .blob([0, 1]),
                "day": .date(Day(number: 19_782)), "nothing": .null, "huge": .hugeInteger(.max),
            ])
        #expect(
            result.rows == [
                [
                    .text("it's a duck\u{1F986}, longer than twelve"), .integer(.min), .double(0.25), .boolean(true),
                    .timestamp(microseconds: 1_735_732_800_123_456), .blob([0, 1]), .date(Day(number: 19_782)), .null,
                    .hugeInteger(.max),
                ]
            ])
    }

    @Test func `a missing, a surplus and an impossible parameter are errors`() throws {
        let connection = try makeConnection()
        for parameters in [[:], ["a": .integer(1), "b": .integer(2)], ["a": .list([])]] as [[String: Value]] {
            let error = #expect(throws: WarehouseError.self) { try connection.query("SELECT $a::INTEGER", parameters) }
            #expect(error?.code == .badStatement)
        }
    }

    @Test func `a wrong statement is an error of one line, and the connection goes on`() throws {
        let connection = try makeConnection()
        for sql in ["SELEC 1", "SELECT nothing FROM nowhere", "SELECT 1; SELECT 2", "SELECT 'x'::INTEGER"] {
            let error = #expect(throws: WarehouseError.self, "\(sql)") { try connection.query(sql) }
            #expect(error?.code == .badStatement, "\(sql)")
            #expect(error?.exitCode == .usage)
            #expect(error?.description.contains("\n") == false)
        }
        #expect(try connection.query("SELECT 42").firstValue == .integer(42))
    }

    @Test func `rows are streamed, in order, until the reader has enough`() throws {
        let connection = try makeConnection(DuckDBSettings(memoryLimitMiB: 64))
        var columns: [QueryResult.Column] = []
        var count: Int64 = 0
        try connection.forEachRow(
            "SELECT i, repeat('x', 100) AS t FROM range(3000000) AS r(i)", columns: { columns = $0 }
        ) { row in
            if row[0] != .integer(count) { Issue.record("row \(count) is \(row[0])") }
            count += 1
            return count < 1_000_000
        }
        #expect(count == 1_000_000)
        #expect(columns.map(\.name) == ["i", "t"])
    }

    @Test func `a streamed answer that fails on its way is an error`() throws {
        let connection = try makeConnection()
        var count = 0
        let error = #expect(throws: WarehouseError.self) {
            try connection.forEachRow(
                "SELECT (CASE WHEN i = 900000 THEN 'x' ELSE '1' END)::INTEGER FROM range(1000000) AS r(i)"
            ) { _ in
                count += 1
                return true
            }
        }
        #expect(error?.code == .badStatement)
        #expect(count < 1_000_000)
    }

    @Test func `too little memory is an error, and the next statement is answered`() throws {
        let connection = try makeConnection(DuckDBSettings(memoryLimitMiB: 30))
        let error = #expect(throws: WarehouseError.self) {
            try connection.query("SELECT count(*) FROM (SELECT i, count(*) FROM range(20000000) AS r(i) GROUP BY i)")
        }
        #expect(error?.code == .outOfMemory)
        #expect(error?.exitCode == .unavailable)
        #expect(try connection.query("SELECT 42").firstValue == .integer(42))
    }

    @Test func `an interrupt ends the statement that runs, and only that`() async throws {
        let database = try DuckDBDatabase(library: DuckDBLibrary.locate())
        let endless = "SELECT sum(a.i * b.i) FROM range(10000000) AS a(i), range(10000000) AS b(i)"
        let (interrupters, continuation) = AsyncStream.makeStream(of: DuckDBConnection.Interrupter.self)
        let lastInterrupt = Flag()
        async let outcome = database.run { connection -> (WarehouseError?, Value?) in
            connection.interrupter.interrupt()
            continuation.yield(connection.interrupter)
            var error: WarehouseError?
            do { _ = try connection.query(endless) } catch let caught as WarehouseError { error = caught }
            continuation.finish()
            // One that is still under way would end the next statement.
            while !lastInterrupt.isPast.load(ordering: .acquiring) { sched_yield() }
            return (error, try connection.query("SELECT 42").firstValue)
        }
        for await interrupter in interrupters {
            // The statement may not have begun yet: ask until it has ended.
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        interrupter.interrupt()
                        await Task.yield()
                    }
                }
                for await _ in interrupters {}
                group.cancelAll()
            }
            lastInterrupt.isPast.store(true, ordering: .releasing)
        }
        let (error, value) = try await outcome
        #expect(error?.code == .interrupted)
        #expect(value == .integer(42))
    }

    @Test func `cancelling a task ends its statements`() async throws {
        let database = try DuckDBDatabase(library: DuckDBLibrary.locate())
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await database.run { connection in
                continuation.yield()
                var answers = 0
                while true {
                    _ = try connection.query("SELECT sum(a.i) FROM range(1000) AS a(i), range(1000) AS b(i)")
                    answers += 1
                }
                return answers
            }
        }
        for await _ in started { break }
        task.cancel()
        let error = await #expect(throws: WarehouseError.self) { _ = try await task.value }
        #expect(error?.code == .interrupted)
    }

    @Test func `an extension is never fetched`() throws {
        let connection = try makeConnection()
        let error = #expect(throws: WarehouseError.self) {
            try connection.query("FROM read_csv('https://127.0.0.1:1/x.csv')")
        }
        #expect(error?.description.contains("httpfs") == true)
        #expect(
            try connection.query("SELECT current_setting('autoinstall_known_extensions')").firstValue == .boolean(false)
        )
    }

    @Test func `times are in UTC`() throws {
        let connection = try makeConnection()
        let result = try connection.query(
            "SELECT current_setting('TimeZone'), '2025-01-01 12:00:00+00'::TIMESTAMPTZ::VARCHAR")
        #expect(result.rows == [[.text("UTC"), .text("2025-01-01 12:00:00+00")]])
    }
}

private final class Flag: Sendable {
    let isPast = Atomic(false)
}
