import ControlStore
import EventModel
import KeyValue
import TestKit
import Testing

@Suite struct KeyValueStoreTests {
    static let start = Timestamp(milliseconds: 1_735_732_800_000)

    /// Runs `body` with an empty store on a clock that moves only when told to.
    func withStore(_ body: (KeyValueStore, ControlStore, ManualClock) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let clock = ManualClock(Self.start)
            let store = try TestDatabase.make(in: directory, clock: clock.clock)
            try body(KeyValueStore(namespace: "FUNNEL_DATA"), store, clock)
        }
    }

    @Test func `a value comes back as it was put`() throws {
        try withStore { values, store, _ in
            try store.write { try values.put("funnel:live", json: "{\"a\": \"ä\\n\"}", livesFor: .seconds(60), in: $0) }
            let entry = try #require(try store.read { try values.get("funnel:live", in: $0) })
            #expect(entry.json == "{\"a\": \"ä\\n\"}")
            #expect(entry.createdAt == Self.start && entry.updatedAt == Self.start)
            #expect(entry.expiresAt == Self.start + .seconds(60))
            #expect(try store.read { try values.get("funnel:other", in: $0) } == nil)
            let other = KeyValueStore(namespace: "OTHER")
            #expect(try store.read { try other.get("funnel:live", in: $0) } == nil)
            #expect(try store.read { try KeyValueStore.namespaces(in: $0) } == ["FUNNEL_DATA"])
        }
    }

    @Test func `an expired value is never read, before the sweep as after it`() throws {
        try withStore { values, store, clock in
            try store.write { transaction in
                try values.put("a:short", json: "[]", livesFor: .seconds(10), in: transaction)
                try values.put("a:ever", json: "[]", livesFor: nil, in: transaction)
            }
            clock.advance(by: .milliseconds(9_999))
            #expect(try store.read { try values.get("a:short", in: $0) } != nil)
            #expect(try store.write { try values.removeExpired(in: $0) } == 0)
            clock.advance(by: .milliseconds(1))
            #expect(try store.read { try values.get("a:short", in: $0) } == nil)
            #expect(try store.read { try values.list(prefix: "", limit: 10, in: $0) }.map(\.key) == ["a:ever"])
            #expect(try store.write { try values.removeExpired(in: $0) } == 1)
            #expect(try store.write { try values.removeExpired(in: $0) } == 0)
        }
    }

    @Test func `the sweep takes no more rows than it may, and none of another namespace`() throws {
        try withStore { values, store, clock in
            try store.write { transaction in
                for number in 0..<5 {
                    try values.put("a:\(number)", json: "[]", livesFor: .seconds(1), in: transaction)
                }
                try KeyValueStore(namespace: "OTHER").put("a:1", json: "[]", livesFor: .seconds(1), in: transaction)
            }
            clock.advance(by: .seconds(1))
            #expect(try store.write { try values.removeExpired(limit: 3, in: $0) } == 3)
            #expect(try store.write { try values.removeExpired(limit: 3, in: $0) } == 2)
            #expect(try store.write { try values.removeExpired(limit: 3, in: $0) } == 0)
        }
    }

    @Test func `writing a key replaces value and expiry together`() throws {
        try withStore { values, store, clock in
            try store.write { try values.put("a:b", json: "[1]", livesFor: .seconds(10), in: $0) }
            clock.advance(by: .seconds(5))
            try store.write { try values.put("a:b", json: "[2]", livesFor: nil, in: $0) }
            let entry = try #require(try store.read { try values.get("a:b", in: $0) })
            #expect(entry.json == "[2]" && entry.expiresAt == nil)
            #expect(entry.createdAt == Self.start && entry.updatedAt == Self.start + .seconds(5))
        }
    }

    @Test func `what takes an expired entry's place is new`() throws {
        try withStore { values, store, clock in
            try store.write { try values.put("a:b", json: "[1]", livesFor: .seconds(10), in: $0) }
            clock.advance(by: .seconds(10))
            try store.write { try values.put("a:b", json: "[2]", livesFor: .seconds(10), in: $0) }
            #expect(try store.read { try values.get("a:b", in: $0) }?.createdAt == Self.start + .seconds(10))
        }
    }

    @Test func `a transaction that fails leaves the old value and expiry`() throws {
        try withStore { values, store, _ in
            struct Crash: Error {}
            try store.write { try values.put("a:b", json: "[1]", livesFor: .seconds(10), in: $0) }
            #expect(throws: Crash.self) {
                try store.write { transaction in
                    try values.put("a:b", json: "[2]", livesFor: nil, in: transaction)
                    throw Crash()
                }
            }
            let entry = try #require(try store.read { try values.get("a:b", in: $0) })
            #expect(entry.json == "[1]" && entry.expiresAt == Self.start + .seconds(10))
        }
    }

    @Test(arguments: ["", "live", ":live", "funnel:", ":", "a:\n", "a:" + String(repeating: "x", count: 511)])
    func `a key of another shape is refused`(key: String) throws {
        try withStore { values, store, _ in
            let error = #expect(throws: KeyValueError.self) {
                try store.write { try values.put(key, json: "{}", livesFor: nil, in: $0) }
            }
            #expect(error?.code == .wrongKey)
        }
    }

    @Test(arguments: [
        "a:b", "funnel:ai_advice:2025-01-01T12:00:00Z", "a:b:", "a::b", "ä:ö",
        "a:" + String(repeating: "x", count: 510),
    ])
    func `a key of two and more parts is taken`(key: String) throws {
        try withStore { values, store, _ in
            try store.write { try values.put(key, json: "{}", livesFor: nil, in: $0) }
            #expect(try store.read { try values.get(key, in: $0) }?.key == key)
        }
    }

    @Test(arguments: ["", "1", "\"text\"", "null", "true", "{", "{}}", "[1,]", "{'a':1}", "{}\0"])
    func `a value that is no JSON object or array is refused`(json: String) throws {
        try withStore { values, store, _ in
            try store.write { try values.put("a:b", json: "[1]", livesFor: nil, in: $0) }
            let error = #expect(throws: KeyValueError.self) {
                try store.write { try values.put("a:b", json: json, livesFor: nil, in: $0) }
            }
            #expect(error?.code == .wrongValue)
            #expect(try store.read { try values.get("a:b", in: $0) }?.json == "[1]")
        }
    }

    @Test func `a value of 1 MiB is taken, one byte more refused and the old one stays`() throws {
        try withStore { values, store, _ in
            // Two bytes a letter: the limit counts bytes.
            let letters = String(repeating: "ä", count: (1 << 19) - 3)
            let whole = "[\"" + letters + "xx\"]"
            #expect(whole.utf8.count == KeyValueStore.maximumValueBytes)
            try store.write { try values.put("a:b", json: whole, livesFor: nil, in: $0) }
            let error = #expect(throws: KeyValueError.self) {
                try store.write { try values.put("a:b", json: whole + " ", livesFor: nil, in: $0) }
            }
            #expect(error?.code == .valueTooLarge && error?.exitCode == .badData)
            #expect(try store.read { try values.get("a:b", in: $0) }?.json == whole)
        }
    }

    @Test func `a list holds to its prefix, its order and its limit`() throws {
        try withStore { values, store, _ in
            let keys = [
                "funnel:daily:2025-01-02", "funnel:daily:2025-01-01", "funnel:dailyx", "funnel:live", "a_b:c", "axb:c",
            ]
            try store.write { transaction in
                for key in keys { try values.put(key, json: "{}", livesFor: nil, in: transaction) }
            }
            func list(_ prefix: String, _ limit: Int = 10) throws -> [String] {
                try store.read { try values.list(prefix: prefix, limit: limit, in: $0) }.map(\.key)
            }
            #expect(try list("funnel:daily:") == ["funnel:daily:2025-01-01", "funnel:daily:2025-01-02"])
            #expect(try list("a_") == ["a_b:c"])
            #expect(try list("") == keys.sorted())
            #expect(try list("funnel:", 2).count == 2)
            #expect(try list("%") == [])
            #expect(try list("", 0) == [])
        }
    }

    @Test func `an entry is removed once`() throws {
        try withStore { values, store, _ in
            try store.write { try values.put("a:b", json: "{}", livesFor: nil, in: $0) }
            #expect(try store.write { try values.remove("a:b", in: $0) })
            #expect(try !store.write { try values.remove("a:b", in: $0) })
        }
    }
}
