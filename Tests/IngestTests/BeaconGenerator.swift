/// Makes beacons from a seed: most of them good, many nearly good, some torn. Each spelling that JSON allows may occur:
/// white space, escapes, numbers in every form.
struct BeaconGenerator {
    var random: SeededRandom
    /// When the events are received, in milliseconds since 1970.
    let receivedAt: Int64

    init(seed: UInt64, receivedAt: Int64) {
        random = SeededRandom(seed: seed)
        self.receivedAt = receivedAt
    }

    /// The bytes of one event, or of what nearly is one.
    mutating func event() -> [UInt8] {
        var bytes = Array(object().utf8)
        if random.happens(3) { bytes = Array(document(depth: 0).utf8) }
        if random.happens(20) {
            for _ in 0...random.below(2) { mutate(&bytes) }
        }
        return bytes
    }

    mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        let place = random.below(bytes.count)
        switch random.below(9) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.insert(random.pick(Array("{}[]\",:\\u0e+-1. \n\u{0}\u{1F}tfn".utf8)), at: place)
        case 2: bytes.remove(at: place)
        case 3: bytes.removeLast(bytes.count - place)
        case 4:
            let end = min(bytes.count, place + 1 + random.below(20))
            bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
        case 5: bytes[place] ^= 1 << UInt8(random.below(8))
        case 6: bytes = [0xEF, 0xBB, 0xBF] + bytes
        case 7: bytes.insert(contentsOf: random.pick(Self.tornBytes), at: place)
        default: bytes.swapAt(place, random.below(bytes.count))
        }
    }

    /// Pieces of UTF-8 that are none: continuation alone, overlong, surrogate, past U+10FFFF, cut short.
    private static let tornBytes: [[UInt8]] = [
        [0x80], [0xC0, 0xAF], [0xC3], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF0, 0x80, 0x80, 0xAF],
        [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xFF], [0xC3, 0xBC], [0xF0, 0x9F, 0x98, 0x80],
    ]

    // MARK: Objects

    private mutating func object() -> String {
        var members = ["event_type": random.happens(96) ? quoted(text(1...100)) : value()].map { ($0, $1) }
        for name in NaiveEvent.top.dropFirst() where name != "event_type" && random.happens(22) {
            members.append((name, member(name)))
        }
        if random.happens(25) { members.append(("id", member("id"))) }
        for _ in 0..<random.pick([0, 0, 0, 1, 3]) {
            members.append((random.pick(Self.strangers), random.happens(50) ? member("stranger") : value()))
        }
        if random.happens(3), let twice = members.randomElement(using: &random) { members.append(twice) }
        members.shuffle(using: &random)
        return join(members)
    }

    private static let strangers = [
        "extra", "Event_Type", "event_typ", "event_types", "ids", "x", "", "ü", "custom field", "metadata2", "a.b",
        "ver", "constructor", "properties ", "sent_a", "\u{2028}", "k\u{1}",
    ]

    private mutating func join(_ members: [(String, String)]) -> String {
        var text = "{" + space()
        for (index, (name, value)) in members.enumerated() {
            if index > 0 { text += "," + space() }
            text += quoted(name) + space() + ":" + space() + value + space()
        }
        return text + "}"
    }

    /// A value for a member: mostly of the kind wanted, sometimes null, sometimes anything.
    private mutating func member(_ path: String) -> String {
        if random.happens(4) { return "null" }
        if random.happens(1) { return value() }
        if let names = NaiveEvent.inner[path] { return inner(path, names) }
        switch path {
        case "id": return quoted(identifier())
        case "timestamp", "sent_at": return moment()
        case "properties": return properties()
        case "metadata", "stranger": return document(depth: random.below(3))
        case "coordinates.x", "coordinates.y", "viewport_size.width", "viewport_size.height",
            "event_data.duration_ms":
            return number()
        case "event_data.hesitation_ms", "funnel.order": return random.happens(80) ? "\(random.below(5_000))" : number()
        case "event_data.percentage":
            return random.happens(80) ? random.pick(["0", "100", "1e2", "55.5", "-0", "100.0", "99.999"]) : number()
        case "gpc": return random.happens(70) ? "false" : "true"
        case "url", "page_url", "referrer", "session.landing_page", "exit.page": return quoted(url())
        case "session.device_type": return quoted(random.pick(["mobile", "desktop", "tablet", "tablet", "watch"]))
        case "exit.reason": return quoted(random.pick(["timeout", "navigation", "close", "refresh", "bored"]))
        case "variant.variant": return quoted(random.pick(["A", "B", "A", "B", "C", "a", ""]))
        default:
            let most = NaiveEvent.texts.first { $0.path == path }?.most ?? 40
            return quoted(text(0...most))
        }
    }

    private mutating func inner(_ parent: String, _ names: [String]) -> String {
        var members: [(String, String)] = []
        for name in names where random.happens(90) { members.append((name, member("\(parent).\(name)"))) }
        if random.happens(15) { members.append((random.pick(Self.strangers), value())) }
        if random.happens(2), let twice = members.randomElement(using: &random) { members.append(twice) }
        if random.happens(20) { members.shuffle(using: &random) }
        return join(members)
    }

    private mutating func properties() -> String {
        var members: [(String, String)] = []
        let count = random.happens(3) ? random.pick([63, 64, 65, 66]) : random.below(5)
        for index in 0..<count {
            members.append(("p\(index)\(text(0...3))", random.happens(60) ? quoted(text(0...20)) : value()))
        }
        if random.happens(2) {
            let rest = random.pick([8_180, 8_190, 8_191, 8_192]) - 4
            members.append(
                ("long", quoted(String(repeating: random.pick(["a", "ü"]), count: rest / random.pick([1, 2])))))
        }
        return join(members)
    }

    private mutating func identifier() -> String {
        let hex = { (random: inout SeededRandom, count: Int) in
            (0..<count).map { _ in random.pick(["0", "1", "9", "a", "f", "A", "F", "7"]) }.joined()
        }
        var parts: [String] = []
        for count in [8, 4, 4, 4, 12] { parts.append(hex(&random, count)) }
        if random.happens(5) { parts.removeLast() }
        return parts.joined(separator: random.happens(95) ? "-" : "")
    }

    /// Anything that JSON has.
    mutating func value() -> String { document(depth: random.below(4)) }

    private mutating func document(depth: Int) -> String {
        if random.happens(1) {
            let levels = random.pick([3, 6, 7, 8, 9, 40, 62, 63, 64, 65])
            return String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        switch random.below(depth > 0 ? 8 : 6) {
        case 0: return random.pick(["true", "false", "null"])
        case 1, 2: return number()
        case 3, 4: return quoted(text(0...30))
        case 5: return quoted(random.pick(Self.strangers))
        case 6:
            var elements: [String] = []
            for _ in 0..<random.below(4) { elements.append(document(depth: depth - 1)) }
            return "[" + space() + elements.joined(separator: "," + space()) + space() + "]"
        default:
            var members: [(String, String)] = []
            for _ in 0..<random.below(4) { members.append((random.pick(Self.strangers), document(depth: depth - 1))) }
            return join(members)
        }
    }
}
