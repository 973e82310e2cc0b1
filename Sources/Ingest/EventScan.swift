import EventModel

/// What one pass over a beacon found: where its known members stand, and what else it holds. Reused from event to
/// event, so that it allocates nothing once warm; never copied.
struct EventScan: ~Copyable {
    /// A member that the daemon does not know, kept in `metadata`.
    struct Unknown {
        /// The object in which it stood; nil for the event itself.
        let parent: EventMember?
        let name: JSONSpan
        let value: JSONSpan
    }

    private(set) var unknown: [Unknown] = []
    private(set) var properties: [(name: JSONSpan, value: JSONSpan)] = []
    /// The first thing found that lets the event be refused; the scan goes on to find the event's end.
    private(set) var refusal: Refusal?

    /// As many as a set of bits holds.
    static let memberCount = UInt64.bitWidth

    /// One for each member; those of `present` are this event's.
    private let spans: UnsafeMutablePointer<JSONSpan>
    private var seen: UInt64 = 0
    /// The members that are there and not null, one bit each, by raw value.
    private(set) var present: UInt64 = 0
    private var nameText: [UInt8] = []
    private let table = EventMemberTable.shared
    /// The objects whose members are looked at.
    private let containers = [
        EventMember.coordinates, .viewport, .eventData, .session, .exit, .funnel, .variant,
    ].reduce(UInt64(0)) { $0 | $1.bit }

    init() {
        spans = .allocate(capacity: Self.memberCount)
        spans.initialize(repeating: JSONSpan(kind: .null, start: 0, end: 0), count: Self.memberCount)
    }

    deinit { spans.deallocate() }

    /// The member's value; nil where it is absent or null.
    subscript(_ member: EventMember) -> JSONSpan? {
        present & member.bit == 0 ? nil : spans[Int(member.rawValue)]
    }

    /// The value of one of `present`, by its raw value.
    func span(of member: Int) -> JSONSpan { spans[member] }

    /// Reads the event that is the scanner's next value. Throws only where the bytes are not JSON; what is wrong with
    /// the event itself stands in `refusal`.
    mutating func read(_ scanner: inout JSONScanner) throws(JSONScanError) {
        unknown.removeAll(keepingCapacity: true)
        properties.removeAll(keepingCapacity: true)
        if refusal != nil { refusal = nil }
        seen = 0
        present = 0
        scanner.unfit = nil
        scanner.deepest = scanner.depth
        let outside = scanner.depth
        guard try scanner.peek() == .object else {
            let span = try scanner.value()
            refuse(Refusal(.wrongType, byte: span.start, "an event is a JSON object"))
            return
        }
        let start = scanner.offset
        try scanner.openObject()
        while let name = try scanner.nextMember() {
            guard let member = find(name, in: nil, &scanner) else {
                noteUnknown(Unknown(parent: nil, name: name, value: try scanner.value()))
                if scanner.unfit != nil { noteUnfit(in: nil, scanner) }
                continue
            }
            try readValue(of: member, &scanner)
            if scanner.unfit != nil { noteUnfit(in: member.path, scanner) }
        }
        if scanner.deepest - outside > FieldLimits.depth {
            refuse(Refusal(.tooDeep, byte: start, "an event may hold \(FieldLimits.depth) containers in each other"))
        }
    }

    mutating func refuse(_ refusal: Refusal) {
        if self.refusal == nil { self.refusal = refusal }
    }

    private mutating func refuseRepeated(_ member: EventMember, byte: Int) {
        refuse(Refusal(.repeatedMember, field: member.path, byte: byte, "the member stands twice"))
    }

    /// Keeps what the daemon does not know, as far as an event may hold it: the room for it is never given back.
    private mutating func noteUnknown(_ member: Unknown) {
        guard unknown.count < FieldLimits.unknownMembers else {
            let text = "more than \(FieldLimits.unknownMembers) members that are not known; put them into metadata"
            return refuse(Refusal(.tooLong, byte: member.name.start, text))
        }
        unknown.append(member)
    }

    private mutating func noteUnfit(in field: @autoclosure () -> String?, _ scanner: JSONScanner) {
        guard let unfit = scanner.unfit, refusal == nil else { return }
        switch unfit.kind {
        case .nul:
            refuse(Refusal(.nulCharacter, field: field(), byte: unfit.offset, "a text holds the character NUL"))
        case .surrogate:
            let text = "a text holds half a surrogate pair; it was cut in the middle of a character"
            refuse(Refusal(.wrongValue, field: field(), byte: unfit.offset, text))
        }
    }

    /// Forgets unknown members of these objects.
    mutating func dropUnknown(of parents: [EventMember]) {
        unknown.removeAll { unknown in unknown.parent.map(parents.contains) ?? false }
    }

    @inline(__always)
    private mutating func note(_ member: EventMember, _ span: JSONSpan) {
        guard seen & member.bit == 0 else {
            refuseRepeated(member, byte: span.start)
            return
        }
        seen |= member.bit
        guard span.kind != .null else { return }
        present |= member.bit
        spans[Int(member.rawValue)] = span
    }

    /// The scanner is passed as it is: a copy for each name would take longer than finding it.
    @inline(__always)
    private mutating func find(
        _ name: JSONSpan, in parent: EventMember?, _ scanner: inout JSONScanner
    ) -> EventMember? {
        guard name.hasEscapes else { return table.member(named: scanner.content(of: name), in: parent) }
        nameText.removeAll(keepingCapacity: true)
        scanner.appendText(of: name, to: &nameText)
        return nameText.withUnsafeBytes { table.member(named: $0, in: parent) }
    }

    private mutating func readValue(of member: EventMember, _ scanner: inout JSONScanner) throws(JSONScanError) {
        let isProperties = member == .properties
        guard isProperties || containers & member.bit != 0, try scanner.peek() == .object else {
            note(member, try scanner.value())
            return
        }
        let start = scanner.offset
        if seen & member.bit != 0 { refuseRepeated(member, byte: start) }
        try scanner.openObject()
        if isProperties { try readProperties(&scanner) } else { try readMembers(of: member, &scanner) }
        note(member, JSONSpan(kind: .object, start: start, end: scanner.offset))
    }

    private mutating func readMembers(of parent: EventMember, _ scanner: inout JSONScanner) throws(JSONScanError) {
        while let name = try scanner.nextMember() {
            let member = find(name, in: parent, &scanner)
            let value = try scanner.value()
            if let member {
                note(member, value)
            } else if parent != .eventData {
                noteUnknown(Unknown(parent: parent, name: name, value: value))
            }
        }
    }

    private mutating func readProperties(_ scanner: inout JSONScanner) throws(JSONScanError) {
        while let name = try scanner.nextMember() {
            let value = try scanner.value()
            if properties.count <= FieldLimits.propertyKeys { properties.append((name, value)) }
        }
    }
}

extension EventMember {
    /// Its place in a set of members.
    var bit: UInt64 { 1 << UInt64(rawValue) }
}
