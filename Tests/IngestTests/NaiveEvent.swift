import EventModel
import Foundation

@testable import Ingest

/// One thing for which the specification refuses an event. Where an event has several, the daemon may name any.
struct NaiveFault: Hashable {
    let field: String?
    let reason: Refusal.Reason
}

/// What the specification says of one event, worked out from the tree of its JSON, a rule at a time. Written from the
/// rules, sharing nothing with the daemon's reader but the names of its refusals.
struct NaiveEvent {
    /// Who sends, and when.
    struct Sending {
        var isPublicKey = true
        var isPrivate = false
        var isBot = false
        var receivedAt: Int64
        var maxAge: Int64
        var keepQuery: [String] = []
        var batchClockError: Int64?
        var userAgent: String?
        var deviceType: String?
        var ipHash: String?
        var visitorID: String?
    }

    private(set) var faults: Set<NaiveFault> = []
    private(set) var timestamp: Int64 = 0
    private(set) var isPrivate = false
    let tree: NaiveJSON
    let sending: Sending

    static let top = [
        "id", "event_type", "user_id", "session_id", "timestamp", "sent_at", "url", "page_url", "referrer",
        "properties", "element_path", "element_type", "element_text", "component_id", "coordinates", "viewport_size",
        "event_data", "metadata", "session", "exit", "funnel", "variant", "gpc", "key",
    ]
    static let inner = [
        "coordinates": ["x", "y"], "viewport_size": ["width", "height"],
        "event_data": ["hesitation_ms", "percentage", "duration_ms", "message"],
        "session": ["landing_page", "screen_resolution", "language", "device_type"], "exit": ["page", "reason"],
        "funnel": ["name", "step", "order"], "variant": ["test_id", "variant"],
    ]
    /// The most characters of each text, and whether it may be empty.
    static let texts: [(path: String, most: Int, mayBeEmpty: Bool)] = [
        ("event_type", 100, false), ("user_id", 255, false), ("session_id", 255, false), ("url", 2_048, true),
        ("page_url", 2_048, true), ("referrer", 2_048, true), ("element_path", 1_024, true),
        ("element_text", 1_024, true), ("element_type", 255, true), ("component_id", 255, true),
        ("session.landing_page", 2_048, true), ("session.screen_resolution", 255, true),
        ("session.language", 255, true), ("exit.page", 2_048, true), ("funnel.name", 255, true),
        ("funnel.step", 255, true), ("variant.test_id", 64, false),
    ]
    static let choices = [
        "session.device_type": ["mobile", "desktop", "tablet"],
        "exit.reason": ["timeout", "navigation", "close", "refresh"], "variant.variant": ["A", "B"],
    ]

    init(_ tree: NaiveJSON, _ sending: Sending) {
        self.tree = tree
        self.sending = sending
        guard tree.kind == .object else {
            faults = [NaiveFault(field: nil, reason: .wrongType)]
            return
        }
        judgeShape()
        judgeTexts()
        judgeObjects()
        judgeProperties()
        judgeNumbers()
        judgeIdentity()
        judgeTime()
        isPrivate = sending.isPrivate || value("gpc")?.bool == true
    }

    /// The values of a member, `session.language` too, in their order.
    private func all(_ path: String) -> [NaiveJSON] {
        let parts = path.split(separator: ".").map(String.init)
        let first = tree.members.filter { $0.name.string == parts[0] }.map(\.value)
        guard parts.count == 2 else { return first }
        return first.flatMap { $0.members.filter { $0.name.string == parts[1] }.map(\.value) }
    }

    /// The value of a member that is there and not null.
    func value(_ path: String) -> NaiveJSON? { all(path).first.flatMap { $0.kind == .null ? nil : $0 } }

    private mutating func refuse(_ field: String?, _ reason: Refusal.Reason) {
        faults.insert(NaiveFault(field: field, reason: reason))
    }

    private mutating func judgeShape() {
        let paths = Self.top + Self.inner.flatMap { parent, names in names.map { "\(parent).\($0)" } }
        for path in paths where all(path).count > 1 { refuse(path, .repeatedMember) }
        if tree.depth > 8 { refuse(nil, .tooDeep) }
        for member in tree.members {
            let field = Self.top.contains(member.name.string) ? member.name.string : nil
            for text in [member.name] + member.value.allTexts {
                if text.text.contains(0) { refuse(field, .nulCharacter) }
                if text.hasLoneSurrogate { refuse(field, .wrongValue) }
            }
        }
    }

    private mutating func judgeTexts() {
        for (path, most, mayBeEmpty) in Self.texts {
            guard let value = value(path) else { continue }
            let count = value.string.unicodeScalars.count
            if value.kind != .string {
                refuse(path, .wrongType)
            } else if count > most {
                refuse(path, .tooLong)
            } else if count == 0, !mayBeEmpty {
                refuse(path, .missingMember)
            }
        }
        for (path, allowed) in Self.choices {
            guard let value = value(path) else { continue }
            if value.kind != .string {
                refuse(path, .wrongType)
            } else if !allowed.contains(value.string) {
                refuse(path, .wrongValue)
            }
        }
        for path in ["key", "event_data.message"] {
            if let value = value(path), value.kind != .string { refuse(path, .wrongType) }
        }
        if value("event_type") == nil { refuse("event_type", .missingMember) }
        if let url = value("url"), let page = value("page_url"), url.kind != page.kind || url.text != page.text {
            refuse("page_url", .repeatedMember)
        }
    }

    private mutating func judgeObjects() {
        for path in Array(Self.inner.keys) + ["metadata", "properties"] {
            if let value = value(path), value.kind != .object { refuse(path, .wrongType) }
        }
        let required = ["exit": ["reason"], "funnel": ["name", "step", "order"], "variant": ["test_id", "variant"]]
        for (parent, names) in required where value(parent)?.kind == .object {
            for name in names where value("\(parent).\(name)") == nil { refuse("\(parent).\(name)", .missingMember) }
        }
        for parent in ["coordinates", "viewport_size"] where value(parent)?.kind == .object {
            let paths = Self.inner[parent, default: []].map { "\(parent).\($0)" }
            let missing = paths.filter { value($0) == nil }
            if missing.count == 1 { refuse(missing[0], .missingMember) }
            for path in paths {
                if let value = value(path), value.kind != .number { refuse(path, .wrongType) }
            }
        }
    }

    private mutating func judgeProperties() {
        let members = all("properties").flatMap(\.members)
        if members.count > 64 { refuse("properties", .tooLong) }
        if Set(members.map(\.name.text)).count < members.count { refuse("properties", .repeatedMember) }
        let bytes = members.map { $0.name.text.count + Self.propertyText($0.value).count }.reduce(0, +)
        if bytes > 8_192 { refuse("properties", .tooLong) }
    }

    static func propertyText(_ value: NaiveJSON) -> [UInt8] { value.kind == .string ? value.text : value.source }

    private mutating func judgeNumbers() {
        for (path, mayBeNegative) in [("event_data.hesitation_ms", false), ("funnel.order", true)] {
            guard let value = value(path) else { continue }
            let whole = value.kind == .number ? Self.whole(value) : nil
            if whole == nil || (whole! < 0 && !mayBeNegative) { refuse(path, .wrongType) }
        }
        if let value = value("event_data.percentage") {
            if value.kind != .number {
                refuse("event_data.percentage", .wrongType)
            } else if value.number < 0 || value.number > 100 {
                refuse("event_data.percentage", .wrongValue)
            }
        }
        if let value = value("event_data.duration_ms"), value.kind != .number {
            refuse("event_data.duration_ms", .wrongType)
        }
        if let value = value("gpc"), value.kind != .bool { refuse("gpc", .wrongType) }
    }

    /// A number that is whole and of 64 bits.
    static func whole(_ value: NaiveJSON) -> Int64? {
        let text = String(decoding: value.source, as: UTF8.self)
        return text.contains { ".eE".contains($0) } ? Int64(exactly: value.number) : Int64(text)
    }

    private mutating func judgeIdentity() {
        guard let id = value("id") else { return }
        if id.kind != .string {
            refuse("id", .wrongType)
        } else if id.string.wholeMatch(of: #/[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}/#) == nil {
            // Foundation's UUID also takes a plus sign for a digit.
            refuse("id", .wrongValue)
        }
    }

    private mutating func judgeTime() {
        timestamp = sending.receivedAt
        var clockError = sending.batchClockError ?? 0
        if let sentAt = value("sent_at") {
            guard let moment = moment(sentAt, "sent_at") else { return }
            clockError = sending.receivedAt - moment
        }
        guard let sent = value("timestamp") else { return }
        guard let moment = moment(sent, "timestamp") else { return }
        let corrected = moment + clockError
        if corrected > sending.receivedAt + 5 * 60 * 1_000 {
            refuse("timestamp", .inFuture)
        } else if corrected < sending.receivedAt - sending.maxAge {
            refuse("timestamp", .tooOld)
        }
        timestamp = min(corrected, sending.receivedAt)
    }

    private mutating func moment(_ value: NaiveJSON, _ field: String) -> Int64? {
        let moment: Int64? =
            switch value.kind {
            case .string: NaiveTime.read(value.string)
            case .number: abs(value.number) < 1e17 ? Int64(value.number.rounded(.towardZero)) : nil
            default: nil
            }
        if let moment, NaiveTime.believable.contains(moment) { return moment }
        refuse(field, value.kind == .string || value.kind == .number ? .wrongValue : .wrongType)
        return nil
    }
}

/// ISO 8601 by regular expression and the C library's calendar.
enum NaiveTime {
    static let believable = read("1900-01-01T00:00:00Z")!...read("9999-12-31T23:59:59.999Z")!

    static func read(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let form =
            #/(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?([Zz]|([+-])(\d\d)(?::?(\d\d))?)/#
        guard let match = text.wholeMatch(of: form)?.output else { return nil }
        var time = tm()
        time.tm_year = (Int32(match.1) ?? 0) - 1_900
        time.tm_mon = (Int32(match.2) ?? 0) - 1
        time.tm_mday = Int32(match.3) ?? 0
        let (month, day) = (time.tm_mon, time.tm_mday)
        let midnight = timegm(&time)
        guard time.tm_mon == month, time.tm_mday == day else { return nil }
        let (hour, minute, second) = (Int(match.4) ?? 0, Int(match.5) ?? 0, match.6.flatMap { Int($0) } ?? 0)
        let zone = ((match.10.flatMap { Int($0) } ?? 0), (match.11.flatMap { Int($0) } ?? 0))
        guard hour < 24, minute < 60, second <= 60, zone.0 < 24, zone.1 < 60 else { return nil }
        let offset = (zone.0 * 60 + zone.1) * (match.9 == "-" ? -1 : 1)
        let milliseconds = Int64("\(match.7 ?? "")000".prefix(3)) ?? 0
        return (Int64(midnight) + Int64((hour * 60 + minute - offset) * 60 + second)) * 1_000 + milliseconds
    }
}
