import EventModel
import Foundation
import Testing

@testable import Ingest

/// Random beacons, each read by the daemon and by `NaiveEvent`; the grammar is Foundation's word too.
@Suite struct EventPropertyTests {
    static let count = Effort.isLong ? 2_000_000 : 2_500
    static let receivedAt: Int64 = 1_748_779_200_000

    @Test func `random beacons are read as a naive reader of the specification reads them`() throws {
        var tally = Tally()
        let first = Effort.seed ?? 1
        for seed in first..<(first + UInt64(Effort.seed == nil ? Self.count : 1)) {
            guard tally.problems.count < 5 else { break }
            tally.add(seed)
        }
        for problem in tally.problems { Issue.record(Comment(rawValue: problem)) }
        guard Effort.seed == nil else { return }
        // The generator has to reach all three ends, or it tests nothing.
        #expect(tally.accepted > Self.count / 5)
        #expect(tally.refused > Self.count / 10)
        #expect(tally.malformed > Self.count / 20)
        #expect(tally.comparedWithFoundation > Self.count / 2)
        #expect(tally.faults.count > 50, "\(tally.faults)")
    }
}

/// What became of the beacons, and where the two readers differed.
private struct Tally {
    var accepted = 0
    var refused = 0
    var malformed = 0
    var comparedWithFoundation = 0
    var faults: Set<NaiveFault> = []
    var problems: [String] = []

    mutating func add(_ seed: UInt64) {
        var generator = BeaconGenerator(seed: seed, receivedAt: EventPropertyTests.receivedAt)
        let sending = Self.sending(&generator.random)
        let bytes = generator.event()
        func note(_ text: String) {
            problems.append("MILLRACE_SEED=\(seed): \(text)\n\(String(decoding: bytes, as: UTF8.self))")
        }
        let tree: NaiveJSON
        do throws(NaiveJSON.Failure) { tree = try NaiveJSON.read(bytes) } catch {
            malformed += 1
            if !error.isLimit, FoundationJSON.isComparable(bytes), FoundationJSON.value(bytes) != nil {
                note("Foundation reads what the naive reader refuses")
            }
            if (try? read(bytes, sending)) != nil { note("was read, but is not JSON") }
            return
        }
        if FoundationJSON.isComparable(bytes) {
            comparedWithFoundation += 1
            if !FoundationJSON.agrees(tree, bytes) { note("Foundation reads another value") }
        }
        let expected = NaiveEvent(tree, sending)
        guard let (result, event) = try? read(bytes, sending) else { return note("was refused as no JSON") }
        if case .refused(let refusal) = result {
            refused += 1
            faults.insert(NaiveFault(field: refusal.field, reason: refusal.reason))
            if !expected.faults.contains(NaiveFault(field: refusal.field, reason: refusal.reason)) {
                note(
                    "refused for \(refusal.field ?? "-") \(refusal.reason), expected \(expected.faults)"
                )
            }
            if event != nil { note("refused, but in the batch") }
            return
        }
        accepted += 1
        guard expected.faults.isEmpty, let event else { return note("accepted in spite of \(expected.faults)") }
        if result != (sending.isBot ? .bot : .accepted) { note("the result is \(result)") }
        let differences = expected.differences(from: event)
        if !differences.isEmpty { note(differences.joined(separator: "; ")) }
    }

    private static func sending(_ random: inout SeededRandom) -> NaiveEvent.Sending {
        NaiveEvent.Sending(
            isPublicKey: random.happens(70), isPrivate: random.happens(10), isBot: random.happens(5),
            receivedAt: EventPropertyTests.receivedAt, maxAge: 7 * 86_400_000,
            keepQuery: random.pick([[], [], ["q"], ["*"], ["token", "q"], ["é"]]),
            batchClockError: random.happens(15) ? random.pick([-3_600_000, 0, 86_400_000]) : nil,
            userAgent: random.happens(80) ? "Mozilla/5.0" : nil, deviceType: random.happens(80) ? "desktop" : nil,
            ipHash: random.happens(80) ? "hash" : nil, visitorID: random.happens(80) ? "v_day" : nil)
    }

    /// Nil record where the event was refused; throws where the bytes are not JSON.
    private func read(_ bytes: [UInt8], _ sending: NaiveEvent.Sending) throws -> (EventReader.Result, Event?) {
        try EventRulesTests.read(
            bytes, keepQuery: sending.keepQuery, kind: sending.isPublicKey ? .public : .secret
        ) { context in
            context.isPrivate = sending.isPrivate
            context.maxAgeMilliseconds = sending.maxAge
            context.clockErrorMilliseconds = sending.batchClockError
            context.sender.isBot = sending.isBot
            context.sender.userAgent = sending.userAgent.map { Array($0.utf8) }
            context.sender.deviceType = sending.deviceType
            context.sender.ipHash = sending.ipHash.map { Array($0.utf8) }
            context.sender.visitorID = sending.visitorID.map { Array($0.utf8) }
        }
    }
}

/// Foundation's opinion of JSON, where it has one. It is not asked
/// - where the first bytes may mean UTF-16 or UTF-32, or are a byte order mark: RFC 8259 has UTF-8 alone, without one;
/// - about numbers beyond a double and containers over 64 deep, which the grammar allows and the daemon does not;
/// - about half surrogate pairs: the grammar allows their escapes, but no text holds them.
/// Long numbers it reads by way of `Decimal`, so that their last digits may differ.
///
/// It loses a U+FEFF at the start of a text and behind an escape, so that texts are compared without any. Of a name
/// that stands twice it keeps one value, so that such objects are compared by the grammar alone.
private enum FoundationJSON {
    static func isComparable(_ bytes: [UInt8]) -> Bool {
        !bytes.prefix(4).contains(0) && ![0xEF, 0xFE, 0xFF].contains(bytes.first)
    }

    static func value(_ bytes: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    static func agrees(_ tree: NaiveJSON, _ bytes: [UInt8]) -> Bool {
        if tree.allTexts.contains(where: \.hasLoneSurrogate) { return true }
        guard let value = value(bytes) else { return false }
        return isSame(tree, value)
    }

    private static func isSame(_ tree: NaiveJSON, _ value: Any) -> Bool {
        switch tree.kind {
        case .null: return value is NSNull
        case .bool: return value as? Bool == tree.bool
        case .number:
            guard let number = (value as? NSNumber)?.doubleValue else { return false }
            return abs(number - tree.number) <= abs(tree.number) * 1e-14
        case .string: return (value as? String).map(bare) == bare(tree.string)
        case .array:
            guard let elements = value as? [Any], elements.count == tree.elements.count else { return false }
            return zip(tree.elements, elements).allSatisfy { isSame($0, $1) }
        case .object:
            guard let object = value as? [String: Any] else { return false }
            let members = Dictionary(object.map { (bare($0), $1) }) { first, _ in first }
            let names = Set(tree.members.map { bare($0.name.string) })
            guard members.count == names.count else { return false }
            guard names.count == tree.members.count else { return true }
            return tree.members.allSatisfy { member in
                members[bare(member.name.string)].map { isSame(member.value, $0) } ?? false
            }
        }
    }
    private static func bare(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\u{FEFF}" }))
    }
}
