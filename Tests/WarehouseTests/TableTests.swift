import TestKit
import Testing

@testable import Warehouse

@Suite struct TableTests {
    static let columns = [
        TableColumn("name", .text), TableColumn("count", .integer), TableColumn("share", .double),
        TableColumn("odd \"name\"", .boolean), TableColumn("at", .timestamp),
    ]

    private static func row(_ number: Int) -> [Value] {
        if number % 7 == 3 { return Array(repeating: .null, count: 5) }
        return [
            .text("visitor number \(number), longer than twelve"), .integer(Int64(number)), .double(0.5),
            .boolean(number % 2 == 1), .timestamp(microseconds: Int64(number)),
        ]
    }

    @Test(arguments: [0, 1, 2_048, 5_000])
    func `Swift's rows are a table`(count: Int) throws {
        let connection = try makeConnection()
        let rows = (0..<count).map(Self.row)
        try connection.createTable("my table", columns: Self.columns, rows: rows)
        let result = try connection.query("SELECT * FROM \"my table\"")
        #expect(result.rows == rows)
        #expect(result.columns.map(\.name) == ["name", "count", "share", "odd \"name\"", "at"])
        #expect(result.columns.map(\.type) == ["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP"])
    }

    @Test func `values of another kind are taken where they fit, else null`() throws {
        let connection = try makeConnection()
        try connection.createTable(
            "t", columns: Self.columns,
            rows: [
                [.integer(5), .text("x"), .integer(2), .integer(1), .text("x")], [.text("short row")],
                [.decimal(unscaled: 15, scale: 1), .boolean(true), .decimal(unscaled: 15, scale: 1), .null, .null],
            ])
        #expect(
            try connection.query("FROM t").rows == [
                [.text("5"), .null, .double(2), .boolean(true), .null],
                [.text("short row"), .null, .null, .null, .null],
                [.text("1.5"), .integer(1), .double(1.5), .null, .null],
            ])
    }

    @Test func `tables join the events of files`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: 31)
            let events = samples.events(1_000)
            _ = try warehouse.write(events, to: directory + "/a.parquet")
            let connection = try warehouse.database.connect()
            try connection.registerEvents([directory + "/a.parquet"])
            let chosen = events.prefix(10).map(\.sequence)
            try connection.createTable(
                "chosen", columns: [TableColumn("sequence", .integer)], rows: chosen.map { [.integer(Int64($0))] })
            let result = try connection.query("SELECT sequence FROM events JOIN chosen USING (sequence) ORDER BY 1")
            #expect(result.rows == chosen.map { [.integer(Int64($0))] })
        }
    }

    @Test func `a table that is there already is an error`() throws {
        let connection = try makeConnection()
        try connection.createTable("t", columns: Self.columns, rows: [])
        let error = #expect(throws: WarehouseError.self) {
            try connection.createTable("t", columns: Self.columns, rows: [])
        }
        #expect(error?.description.contains("the table t") == true)
    }
}
