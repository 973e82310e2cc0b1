import EventModel
import FoundationEssentials
import Glibc
import TestKit
import Testing

@testable import Warehouse

@Suite struct EventFileTests {
    private func fullEvent() -> StoredEvent {
        var event = Event(
            id: EventID(high: 0x0190_A1B2_C3D4_7E5F, low: 0x8091_A2B3_C4D5_E6F7),
            projectID: ProjectID(rawValue: "proj_0123456789ab"), receivedAt: Timestamp(milliseconds: 1_735_732_800_456),
            timestamp: Timestamp(milliseconds: 1_735_732_800_123), eventType: "purchase",
            pageURL: "https://shop.example/a?utm_source=news&utm_medium=email&utm_campaign=May%20sale#top")
        event.userID = "v_8f3a with more than twelve bytes"
        event.referrer = "https://mail.google.com/"
        event.userAgent = "Mozilla/5.0 (X11; Linux x86_64) 🦆"
        event.ipHash = "5e884898da280471"
        event.deviceType = "desktop"
        event.countryCode = "AT"
        event.isBot = true
        event.elementPath = "main > form > button.cta"
        event.elementType = "button"
        event.elementText = "Køb"
        event.componentID = "hero"
        event.coordinates = .init(x: 10.5, y: -20)
        event.viewport = .init(width: 1_280, height: 720)
        event.eventData = #"{"hesitation_ms":2300}"#
        event.hesitationMilliseconds = 2_300
        event.scrollPercentage = 87.5
        event.metadata = #"{"more":{"x":[1,2]}}"#
        event.properties = [.init(name: "plan", value: "pro"), .init(name: "revenue", value: "19.99")]
        event.variant = .init(testID: "hero_cta", variant: "B")
        return StoredEvent(
            event: event, sequence: 77, sessionID: "s_12", sessionStartedAt: Timestamp(milliseconds: 1_735_732_000_000))
    }

    @Test func `every field of an event comes back by its name`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/events/project_proj_0123456789ab/2025/01/events_2025-01-01_1.parquet"
            let warehouse = try makeWarehouse()
            let facts = try warehouse.write([fullEvent()], to: path)
            let result = try warehouse.query("SELECT * FROM events", files: [path])
            let row = Dictionary(
                uniqueKeysWithValues: zip(result.columns.map(\.name), result.rows[0].map(\.description)))
            #expect(
                row == [
                    "id": "0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f7", "project_id": "proj_0123456789ab",
                    "session_id": "s_12", "user_id": "v_8f3a with more than twelve bytes", "event_type": "purchase",
                    "element_path": "main > form > button.cta", "element_type": "button", "element_text": "Køb",
                    "coordinates": #"{"x":10.5,"y":-20}"#, "viewport_size": #"{"width":1280,"height":720}"#,
                    "event_data": #"{"hesitation_ms":2300}"#, "timestamp": "2025-01-01T12:00:00.123Z",
                    "page_url":
                        "https://shop.example/a?utm_source=news&utm_medium=email&utm_campaign=May%20sale#top",
                    "component_id": "hero", "metadata": #"{"more":{"x":[1,2]}}"#,
                    "referrer": "https://mail.google.com/", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) 🦆",
                    "ip_hash": "5e884898da280471", "device_type": "desktop", "country_code": "AT",
                    "properties": #"{"plan":"pro","revenue":"19.99"}"#, "received_at": "2025-01-01T12:00:00.456Z",
                    "sequence": "77", "hesitation_ms": "2300", "scroll_percentage": "87.5", "revenue": "19.9900",
                    "session_started_at": "2025-01-01T11:46:40.000Z", "bot": "true", "utm_source": "news",
                    "utm_medium": "email", "utm_campaign": "May sale", "channel": "mail",
                    "variant_test_id": "hero_cta", "variant": "B",
                ])
            let size = Int64(try Data(contentsOf: URL(fileURLWithPath: path)).count)
            #expect(
                facts
                    == EventFileFacts(
                        rows: 1, bytes: size, firstSequence: 77, lastSequence: 77,
                        minTimestamp: Timestamp(milliseconds: 1_735_732_800_123),
                        maxTimestamp: Timestamp(milliseconds: 1_735_732_800_123),
                        minReceivedAt: Timestamp(milliseconds: 1_735_732_800_456),
                        maxReceivedAt: Timestamp(milliseconds: 1_735_732_800_456)))
        }
    }

    @Test func `columns have the types that queries rely on`() throws {
        try withTemporaryDirectory { directory in
            let warehouse = try makeWarehouse()
            _ = try warehouse.write([fullEvent()], to: directory + "/a.parquet")
            let written = try warehouse.query("SELECT * FROM events", files: [directory + "/a.parquet"]).columns
            let empty = try warehouse.query("SELECT * FROM events", files: [])
            #expect(empty.rows.isEmpty)
            #expect(empty.columns == written)
            let types = Dictionary(uniqueKeysWithValues: written.map { ($0.name, $0.type) })
            #expect(types["id"] == "UUID")
            #expect(types["coordinates"] == "STRUCT(x DOUBLE, y DOUBLE)")
            #expect(types["properties"] == "MAP(VARCHAR, VARCHAR)")
            #expect(types["timestamp"] == "TIMESTAMP")
            #expect(types["sequence"] == "BIGINT")
            #expect(types["revenue"] == "DECIMAL(18,4)")
            #expect(written.count == 34)
        }
    }

    @Test(arguments: [1, 2_047, 2_048, 2_049, 7_000])
    func `random events come back, each field, in order`(count: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.parquet"
            let warehouse = try makeWarehouse()
            var samples = SampleEvents(seed: UInt64(count))
            let events = samples.events(count).shuffled()
            let facts = try warehouse.write(events, to: path)
            let expected = events.sorted(by: expectedOrder).map(expectedRow)
            let rows = try warehouse.query("SELECT * FROM events", files: [path]).rows
            #expect(rows.count == count)
            for (row, wanted) in zip(rows, expected) where row != wanted {
                Issue.record("\(row) is not \(wanted)")
                break
            }
            #expect(try warehouse.facts(of: path) == facts)
            #expect(facts.firstSequence == events.map(\.sequence).min())
            #expect(facts.maxReceivedAt == events.map(\.event.receivedAt).max())
        }
    }

    @Test func `a property that stands twice has its last value`() throws {
        try withTemporaryDirectory { directory in
            var first = fullEvent()
            first.event.properties = ["a", "b", "a"].enumerated().map { .init(name: $0.element, value: "\($0.offset)") }
            var second = fullEvent()
            second.sequence = 78
            second.event.properties = [.init(name: "c", value: "long enough not to be inlined")]
            let warehouse = try makeWarehouse()
            _ = try warehouse.write([first, second], to: directory + "/a.parquet")
            let result = try warehouse.query("SELECT properties FROM events", files: [directory + "/a.parquet"])
            #expect(
                result.rows.map { $0[0].json } == [
                    #"{"b":"1","a":"2"}"#, #"{"c":"long enough not to be inlined"}"#,
                ])
        }
    }

    @Test func `the file is compressed, in row groups of 122,880, and its owner's only`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/deep/er/a.parquet"
            var samples = SampleEvents(seed: 5)
            let one = samples.events(500)
            let events = (0..<130_000).map { number in
                var copy = one[number % 500]
                copy.sequence = UInt64(number)
                return copy
            }
            let warehouse = try makeWarehouse()
            _ = try warehouse.write(events, to: path)
            let groups = try warehouse.query(
                "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata('\(path)') ORDER BY 1",
                files: [])
            #expect(groups.rows.map { $0[1] } == [.integer(122_880), .integer(7_120)])
            let codecs = try warehouse.query(
                "SELECT DISTINCT compression FROM parquet_metadata('\(path)')", files: [])
            #expect(codecs.rows == [[.text("ZSTD")]])
            let ordered = try warehouse.query(
                """
                SELECT count(*) FROM (SELECT user_id, lag(user_id) OVER (ORDER BY file_row_number) AS before
                FROM read_parquet('\(path)', file_row_number = true)) WHERE before > user_id
                """, files: [])
            #expect(ordered.firstValue == .integer(0))
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `long rows make smaller row groups`() throws {
        #expect(DuckDBWarehouse.rowGroupSize(rowBytes: 0) == 122_880)
        #expect(DuckDBWarehouse.rowGroupSize(rowBytes: 800) == 122_880)
        #expect(DuckDBWarehouse.rowGroupSize(rowBytes: 4_000) == 24_576)
        #expect(DuckDBWarehouse.rowGroupSize(rowBytes: .max) == 2_048)
        try withTemporaryDirectory { directory in
            var long = fullEvent()
            long.event.metadata = "{\"a\":\"\(String(repeating: "xyz", count: 7_000))\"}"
            let rows = Array(repeating: long, count: 9_000)
            let warehouse = try makeWarehouse()
            _ = try warehouse.write(rows, to: directory + "/a.parquet")
            let groups = try warehouse.query(
                "SELECT count(DISTINCT row_group_id) FROM parquet_metadata('\(directory)/a.parquet')", files: [])
            #expect(groups.firstValue == .integer(3))
        }
    }

    @Test func `a file that is there is never written over`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.parquet"
            let warehouse = try makeWarehouse()
            _ = try warehouse.write([fullEvent()], to: path)
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let error = #expect(throws: WarehouseError.self) { try warehouse.write([fullEvent()], to: path) }
            #expect(error?.code == .inputOutput)
            #expect(error?.description.contains(path) == true)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test func `no event is no file`() throws {
        try withTemporaryDirectory { directory in
            let error = #expect(throws: WarehouseError.self) {
                try makeWarehouse().write([], to: directory + "/a.parquet")
            }
            #expect(error?.code == .badStatement)
            #expect(!FileManager.default.fileExists(atPath: directory + "/a.parquet"))
        }
    }

    @Test func `a directory's name may hold what DuckDB takes for a pattern`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/odd [x]* o'clock?/a.parquet"
            let warehouse = try makeWarehouse()
            let facts = try warehouse.write([fullEvent()], to: path)
            #expect(try warehouse.facts(of: path) == facts)
            _ = try warehouse.merge([path], into: directory + "/b.parquet")
            #expect(try warehouse.existing(ids: [fullEvent().event.id], in: [path]).count == 1)
        }
    }
}
