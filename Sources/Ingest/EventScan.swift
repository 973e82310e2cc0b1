import EventModel

/// What one pass over a beacon found: where its known members stand, and what else it holds. Reused from event to
/// event, so that it allocates nothing once warm.
struct EventScan {
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

    private var spans = [JSONSpan](
        repeating: JSONSpan(kind: .null, start: 0, end: 0), count: EventMember.allCases.count)
    private var seen: UInt64 = 0
    private var nameText: [UInt8] = []
    private let eventTable = EventMemberTable(of: nil)
    private let innerTables = [EventMember.coordinates, .viewport, .eventData, .session, .exit, .funnel, .variant]
        .reduce(into: [EventMemberTable?](repeating: nil, count: EventMember.allCases.count)) {
            $0[Int($1.rawValue)] = EventMemberTable(of: $1)
        }

    /// The member's value; nil where it is absent or null.
    subscript(_ member: EventMember) -> JSONSpan? {
        guard isSeen(member), spans[Int(member.rawValue)].kind != .null else { return nil }
        return spans[Int(member.rawValue)]
    }

    /// Reads the event that is the scanner's next value. Throws only where the bytes are not JSON; what is wrong with
    /// the event itself stands in `refusal`.
    mutating func read(_ scanner: inout JSONScanner) throws(JSONScanError) {
        unknown.removeAll(keepingCapacity: true)
        properties.removeAll(keepingCapacity: true)
        refusal = nil
        seen = 0
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
            guard let member = find(name, in: eventTable, scanner) else {
                unknown.append(Unknown(parent: nil, name: name, value: try scanner.value()))
                noteUnfit(in: nil, scanner)
                continue
            }
            try readValue(of: member, &scanner)
            noteUnfit(in: member.path, scanner)
        }
        if scanner.deepest - outside > FieldLimits.depth {
            refuse(Refusal(.tooDeep, byte: start, "an event may hold \(FieldLimits.depth) containers in each other"))
        }
    }

    mutating func refuse(_ refusal: Refusal) {
        if self.refusal == nil { self.refusal = refusal }
    }

    private func isSeen(_ member: EventMember) -> Bool { seen & (1 << UInt64(member.rawValue)) != 0 }

    private mutating func refuseRepeated(_ member: EventMember, byte: Int) {
        refuse(Refusal(.repeatedMember, field: member.path, byte: byte, "the member stands twice"))
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

    private mutating func note(_ member: EventMember, _ span: JSONSpan) {
        if isSeen(member) {
            refuseRepeated(member, byte: span.start)
            return
        }
        seen |= 1 << UInt64(member.rawValue)
        spans[Int(member.rawValue)] = span
    }

    private mutating func find(
        _ name: JSONSpan, in table: EventMemberTable, _ scanner: JSONScanner
    ) -> EventMember? {
        guard name.hasEscapes else { return table.member(named: scanner.content(of: name)) }
        nameText.removeAll(keepingCapacity: true)
        scanner.appendText(of: name, to: &nameText)
        return nameText.withUnsafeBytes { table.member(named: $0) }
    }

    private mutating func readValue(of member: EventMember, _ scanner: inout JSONScanner) throws(JSONScanError) {
        let isProperties = member == .properties
        guard isProperties || innerTables[Int(member.rawValue)] != nil, try scanner.peek() == .object else {
            note(member, try scanner.value())
            return
        }
        let start = scanner.offset
        if isSeen(member) { refuseRepeated(member, byte: start) }
        try scanner.openObject()
        if isProperties { try readProperties(&scanner) } else { try readMembers(of: member, &scanner) }
        note(member, JSONSpan(kind: .object, start: start, end: scanner.offset))
    }

    private mutating func readMembers(of parent: EventMember, _ scanner: inout JSONScanner) throws(JSONScanError) {
        while let name = try scanner.nextMember() {
            let member = innerTables[Int(parent.rawValue)].flatMap { find(name, in: $0, scanner) }
            let value = try scanner.value()
            if let member {
                note(member, value)
            } else if parent != .eventData {
                unknown.append(Unknown(parent: parent, name: name, value: value))
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
