import EventModel

@testable import Warehouse

/// A warehouse with the machine's library; small, so that a test which needs much memory shows it.
func makeWarehouse(_ settings: DuckDBSettings = DuckDBSettings(memoryLimitMiB: 400)) throws -> DuckDBWarehouse {
    try DuckDBWarehouse(settings, library: DuckDBLibrary.locate())
}

func makeConnection(_ settings: DuckDBSettings = DuckDBSettings(memoryLimitMiB: 400)) throws -> DuckDBConnection {
    try DuckDBDatabase(settings, library: DuckDBLibrary.locate()).connect()
}

/// The same numbers for the same seed. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators".
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Random events: many ties of user and time, fields absent or present, texts of all lengths and scripts.
struct SampleEvents {
    private var generator: SplitMix64
    private var sequence: UInt64 = 0
    static let start = Timestamp("2025-01-01T00:00:00Z") ?? Timestamp(milliseconds: 0)

    init(seed: UInt64) { generator = SplitMix64(state: seed) }

    mutating func events(_ count: Int) -> [StoredEvent] { (0..<count).map { _ in event() } }

    mutating func event() -> StoredEvent {
        sequence += UInt64.random(in: 1...3, using: &generator)
        let time = Self.start + .milliseconds(Int64.random(in: 0..<50, using: &generator) * 977)
        var event = Event(
            id: EventID(high: generator.next(), low: generator.next()),
            projectID: ProjectID(rawValue: "proj_0123456789ab"),
            receivedAt: time + .milliseconds(Int64.random(in: 0..<500, using: &generator)), timestamp: time,
            eventType: ["page_view", "click", "purchase"].randomElement(using: &generator) ?? "click",
            pageURL: text() ?? "")
        event.userID = text()
        event.referrer = text()
        event.userAgent = text()
        event.ipHash = text()
        event.deviceType = chance() ? "mobile" : nil
        event.countryCode = chance() ? "DE" : nil
        event.isBot = chance()
        event.elementPath = text()
        event.elementType = text()
        event.elementText = text()
        event.componentID = text()
        if chance() { event.coordinates = .init(x: .random(in: -5...5, using: &generator), y: 1.5) }
        if chance() { event.viewport = .init(width: 1_280, height: .random(in: 1...2_000, using: &generator)) }
        if chance() { event.eventData = #"{"hesitation_ms": 1}"# }
        if chance() { event.hesitationMilliseconds = .random(in: .min ... .max, using: &generator) }
        if chance() { event.scrollPercentage = .random(in: 0...100, using: &generator) }
        if chance() { event.metadata = #"{"a": [1, "ä"]}"# }
        for number in 0..<Int.random(in: 0...4, using: &generator) {
            event.properties.append(.init(name: "key \(number)", value: text() ?? ""))
        }
        if chance() { event.properties.append(.init(name: "revenue", value: "\(generator.next() % 1_000).25")) }
        if chance() { event.variant = .init(testID: "hero_cta", variant: chance() ? "A" : "B") }
        return StoredEvent(
            event: event, sequence: sequence, sessionID: text(),
            sessionStartedAt: chance() ? time - .seconds(60) : nil)
    }

    private mutating func chance() -> Bool { Bool.random(using: &generator) }

    private mutating func text() -> String? {
        let texts = [
            nil, "", "a", "twelve bytes", "thirteen byte", "ä", "Ä", "z", "e\u{301}", "é", "日本語のテキスト", "🦆",
            "🦆🦆🦆🦆🦆 is 20 bytes and more", "a\"quote' and\nline", String(repeating: "long ", count: 60),
            "twelve bytes and the same start", "twelve bytes and the same end",
        ]
        return texts.randomElement(using: &generator) ?? nil
    }
}

/// What `SELECT * FROM events` has to give for an event, worked out apart from the code that writes it.
func expectedRow(_ stored: StoredEvent) -> [Value] {
    let event = stored.event
    func text(_ value: String?) -> Value { value.map { .text($0) } ?? .null }
    func pair(_ first: String, _ left: Double?, _ second: String, _ right: Double?) -> Value {
        guard let left, let right else { return .null }
        return .structure([.init(name: first, value: .double(left)), .init(name: second, value: .double(right))])
    }
    let columns = EventColumns(event)
    let identity: [Value] = [
        .uuid(event.id), .text(event.projectID.rawValue), text(stored.sessionID), text(event.userID),
        .text(event.eventType), text(event.elementPath), text(event.elementType), text(event.elementText),
        pair("x", event.coordinates?.x, "y", event.coordinates?.y),
        pair("width", event.viewport?.width, "height", event.viewport?.height), .text(event.eventData),
        .timestamp(event.timestamp),
    ]
    let circumstances: [Value] = [
        .text(event.pageURL), text(event.componentID), .text(event.metadata), text(event.referrer),
        text(event.userAgent), text(event.ipHash), text(event.deviceType), text(event.countryCode),
        .map(event.properties.map { .init(key: .text($0.name), value: .text($0.value)) }),
        .timestamp(event.receivedAt), .integer(Int64(stored.sequence)),
    ]
    let measures: [Value] = [
        event.hesitationMilliseconds.map { .integer($0) } ?? .null, event.scrollPercentage.map { .double($0) } ?? .null,
        columns.revenue.map { .decimal(unscaled: Int128($0.unscaled), scale: 4) } ?? .null,
        stored.sessionStartedAt.map { .timestamp($0) } ?? .null, .boolean(event.isBot),
        text(columns.source.source), text(columns.source.medium), text(columns.source.campaign),
        .text(columns.channel.rawValue), text(event.variant?.testID), text(event.variant?.variant),
    ]
    return identity + circumstances + measures
}

/// The order of rows in a file, written down once more: bytes of the user, those without one last.
func expectedOrder(_ left: StoredEvent, _ right: StoredEvent) -> Bool {
    let users = (left.event.userID.map { Array($0.utf8) }, right.event.userID.map { Array($0.utf8) })
    switch users {
    case (let one?, let other?) where one != other: return one.lexicographicallyPrecedes(other)
    case (nil, .some): return false
    case (.some, nil): return true
    default: break
    }
    return (left.event.timestamp, left.sequence) < (right.event.timestamp, right.sequence)
}
