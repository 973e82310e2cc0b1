import EventModel
import Testing

@testable import Warehouse

@Suite struct ValueTests {
    struct Sample {
        let sql: String
        let type: String
        let value: Value
        let text: String
        let json: String

        init(_ sql: String, _ type: String, _ value: Value, _ text: String, _ json: String) {
            self.sql = sql
            self.type = type
            self.value = value
            self.text = text
            self.json = json
        }
    }

    static let smallest = "-170141183460469231731687303715884105728"
    static let largest = "340282366920938463463374607431768211455"
    static let decoded: [Sample] = [
        Sample("NULL", "INTEGER", .null, "", "null"),
        Sample("true", "BOOLEAN", .boolean(true), "true", "true"),
        Sample("(-128)::TINYINT", "TINYINT", .integer(-128), "-128", "-128"),
        Sample("(-32768)::SMALLINT", "SMALLINT", .integer(-32_768), "-32768", "-32768"),
        Sample("(-2147483648)::INTEGER", "INTEGER", .integer(-2_147_483_648), "-2147483648", "-2147483648"),
        Sample(
            "(-9223372036854775808)::BIGINT", "BIGINT", .integer(.min), "-9223372036854775808", "-9223372036854775808"),
        Sample("255::UTINYINT", "UTINYINT", .integer(255), "255", "255"),
        Sample("65535::USMALLINT", "USMALLINT", .integer(65_535), "65535", "65535"),
        Sample("4294967295::UINTEGER", "UINTEGER", .integer(4_294_967_295), "4294967295", "4294967295"),
        Sample(
            "18446744073709551615::UBIGINT", "UBIGINT", .hugeInteger(18_446_744_073_709_551_615),
            "18446744073709551615",
            "18446744073709551615"
        ),
        Sample("sum(5)", "HUGEINT", .integer(5), "5", "5"),
        Sample(
            "(-170141183460469231731687303715884105728)::HUGEINT", "HUGEINT", .hugeInteger(.min), smallest, smallest),
        Sample(
            "'340282366920938463463374607431768211455'::UHUGEINT", "UHUGEINT", .text(largest), largest,
            "\"" + largest + "\""),
        Sample("12.34::DECIMAL(4,2)", "DECIMAL(4,2)", .decimal(unscaled: 1_234, scale: 2), "12.34", "12.34"),
        Sample("(-0.005)::DECIMAL(9,3)", "DECIMAL(9,3)", .decimal(unscaled: -5, scale: 3), "-0.005", "-0.005"),
        Sample("1.5::DECIMAL(18,4)", "DECIMAL(18,4)", .decimal(unscaled: 15_000, scale: 4), "1.5000", "1.5000"),
        Sample("7::DECIMAL(38,0)", "DECIMAL(38,0)", .decimal(unscaled: 7, scale: 0), "7", "7"),
        Sample("0.5::FLOAT", "FLOAT", .double(0.5), "0.5", "0.5"),
        Sample("1e300::DOUBLE", "DOUBLE", .double(1e300), "1e+300", "1e+300"),
        Sample("2::DOUBLE", "DOUBLE", .double(2), "2", "2"),
        Sample("'infinity'::DOUBLE", "DOUBLE", .double(.infinity), "inf", "null"),
        Sample("'twelve bytes'", "VARCHAR", .text("twelve bytes"), "twelve bytes", "\"twelve bytes\""),
        Sample("'thirteen ünd'", "VARCHAR", .text("thirteen ünd"), "thirteen ünd", "\"thirteen ünd\""),
        Sample(#"e'a"\\\n\x01🦆'"#, "VARCHAR", .text("a\"\\\n\u{1}🦆"), "a\"\\\n\u{1}🦆", #""a\"\\\n\u0001🦆""#),
        Sample(#"'\x00\xFF'::BLOB"#, "BLOB", .blob([0, 255]), #"\x00ff"#, #""\\x00ff""#),
        Sample(
            "'8f3a0000-0000-4000-8000-0123456789ab'::UUID", "UUID",
            .uuid(EventID(high: 0x8F3A_0000_0000_4000, low: 0x8000_0123_4567_89AB)),
            "8f3a0000-0000-4000-8000-0123456789ab", "\"8f3a0000-0000-4000-8000-0123456789ab\""
        ),
        Sample(
            "TIMESTAMP '2025-01-01 12:00:00.123'", "TIMESTAMP", .timestamp(microseconds: 1_735_732_800_123_000),
            "2025-01-01T12:00:00.123Z", "\"2025-01-01T12:00:00.123Z\""
        ),
        Sample(
            "TIMESTAMP '1969-12-31 23:59:59.999999'", "TIMESTAMP", .timestamp(microseconds: -1),
            "1969-12-31T23:59:59.999999Z", "\"1969-12-31T23:59:59.999999Z\""
        ),
        Sample("'infinity'::TIMESTAMP", "TIMESTAMP", .timestamp(microseconds: .max), "infinity", "\"infinity\""),
        Sample(
            "'2025-01-01 12:00:00'::TIMESTAMP_S", "TIMESTAMP_S", .timestamp(microseconds: 1_735_732_800_000_000),
            "2025-01-01T12:00:00.000Z", "\"2025-01-01T12:00:00.000Z\""
        ),
        Sample(
            "'2025-01-01 12:00:00.5'::TIMESTAMP_MS", "TIMESTAMP_MS", .timestamp(microseconds: 1_735_732_800_500_000),
            "2025-01-01T12:00:00.500Z", "\"2025-01-01T12:00:00.500Z\""
        ),
        Sample(
            "'2025-01-01 12:00:00.123456789'::TIMESTAMP_NS", "TIMESTAMP_NS",
            .timestamp(microseconds: 1_735_732_800_123_456), "2025-01-01T12:00:00.123456Z",
            "\"2025-01-01T12:00:00.123456Z\""
        ),
        Sample(
            "'2025-01-01 12:00:00+02'::TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE",
            .timestamp(microseconds: 1_735_725_600_000_000), "2025-01-01T10:00:00.000Z", "\"2025-01-01T10:00:00.000Z\""
        ),
        Sample("DATE '2024-02-29'", "DATE", .date(Day(number: 19_782)), "2024-02-29", "\"2024-02-29\""),
        Sample(
            "TIME '23:59:59.5'", "TIME", .time(microseconds: 86_399_500_000), "23:59:59.500000", "\"23:59:59.500000\""),
        Sample(
            "'01:00:00+02'::TIMETZ", "TIME WITH TIME ZONE", .time(microseconds: 82_800_000_000), "23:00:00",
            "\"23:00:00\""
        ),
        Sample(
            "INTERVAL '14 months 3 days 04:05:06.000007'", "INTERVAL",
            .text("1 year 2 months 3 days 04:05:06.000007"), "1 year 2 months 3 days 04:05:06.000007",
            "\"1 year 2 months 3 days 04:05:06.000007\""
        ),
        Sample("'101010101'::BIT", "BIT", .text("101010101"), "101010101", "\"101010101\""),
        Sample("'b'::ENUM('a', 'b')", "ENUM('a', 'b')", .text("b"), "b", "\"b\""),
        Sample("[1, NULL, 3]", "INTEGER[]", .list([.integer(1), .null, .integer(3)]), "[1,null,3]", "[1,null,3]"),
        Sample("[[], ['a']]", "VARCHAR[][]", .list([.list([]), .list([.text("a")])]), #"[[],["a"]]"#, #"[[],["a"]]"#),
        Sample("[1, 2]::INTEGER[2]", "INTEGER[2]", .list([.integer(1), .integer(2)]), "[1,2]", "[1,2]"),
        Sample(
            "{'a': 1, 'b': ['x']}", "STRUCT(a INTEGER, b VARCHAR[])",
            .structure([.init(name: "a", value: .integer(1)), .init(name: "b", value: .list([.text("x")]))]),
            #"{"a":1,"b":["x"]}"#, #"{"a":1,"b":["x"]}"#
        ),
        Sample(
            "MAP {'k': 1, 'l': NULL}", "MAP(VARCHAR, INTEGER)",
            .map([.init(key: .text("k"), value: .integer(1)), .init(key: .text("l"), value: .null)]),
            #"{"k":1,"l":null}"#, #"{"k":1,"l":null}"#
        ),
        Sample(
            "MAP {1: 'x'}", "MAP(INTEGER, VARCHAR)", .map([.init(key: .integer(1), value: .text("x"))]),
            #"[{"key":1,"value":"x"}]"#, #"[{"key":1,"value":"x"}]"#
        ),
        Sample(
            "union_value(num := 2)::UNION(num INTEGER, str VARCHAR)", "UNION(num INTEGER, str VARCHAR)", .integer(2),
            "2", "2"
        ),
        Sample(#"'{"a": 1}'::JSON"#, "JSON", .text(#"{"a": 1}"#), #"{"a": 1}"#, #""{\"a\": 1}""#),
    ]

    @Test func `values of every type come back`() throws {
        let connection = try makeConnection()
        for sample in Self.decoded {
            let result = try connection.query("SELECT \(sample.sql) AS value")
            #expect(result.columns == [.init(name: "value", type: sample.type)], "\(sample.sql)")
            #expect(result.rows == [[sample.value]], "\(sample.sql)")
            #expect(result.firstValue?.description == sample.text, "\(sample.sql)")
            #expect(result.firstValue?.json == sample.json, "\(sample.sql)")
        }
    }

    @Test func `a null inside any column is a null, its neighbours are not`() throws {
        let connection = try makeConnection()
        for sample in Self.decoded where !sample.value.isNull && !sample.sql.hasPrefix("sum") {
            // DuckDB has no CASE of arrays.
            if sample.type.hasSuffix("[2]") { continue }
            let result = try connection.query(
                "SELECT CASE WHEN i % 3 = 0 THEN NULL ELSE \(sample.sql) END FROM range(5000) AS t(i)")
            let nulls = result.rows.enumerated().filter { $0.element[0].isNull }.map(\.offset)
            #expect(nulls == Array(stride(from: 0, to: 5_000, by: 3)), "\(sample.sql)")
            #expect(result.rows[4_999] == [sample.value], "\(sample.sql)")
        }
    }

    @Test func `a value is read as what it is, or not at all`() {
        #expect(Value.integer(3).double == 3)
        #expect(Value.decimal(unscaled: 1_250, scale: 3).double == 1.25)
        #expect(Value.text("3").double == nil)
        #expect(Value.text("3").integer == nil)
        #expect(Value.timestamp(microseconds: -1).timestamp == Timestamp(milliseconds: -1))
        #expect(Value.boolean(true).boolean == true)
    }
}
