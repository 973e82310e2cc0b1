import EventModel

extension EventReader {
    /// Whether texts and objects are good without a doubt: what nearly all events are, found without asking for each
    /// member that might be there. False says nothing but that the checks proper have to look.
    mutating func isPlainlyGood(_ scanner: JSONScanner) -> Bool {
        let present = scan.present
        guard present & EventMember.eventType.bit != 0,
            present & Self.bothURLs != Self.bothURLs,
            isWhole(.coordinates, Self.coordinates, mayBeEmpty: true),
            isWhole(.viewport, Self.viewport, mayBeEmpty: true),
            isWhole(.exit, EventMember.exitReason.bit), isWhole(.funnel, Self.funnel), isWhole(.variant, Self.variant)
        else { return false }
        var rest = present
        while rest != 0 {
            let member = rest.trailingZeroBitCount
            rest &= rest &- 1
            guard plainRules.allows(scan.span(of: member), at: member) else { return false }
        }
        return present & Self.choices == 0 || areChoicesGood(scanner)
    }

    private static let bothURLs = EventMember.url.bit | EventMember.pageURL.bit
    private static let coordinates = EventMember.coordinateX.bit | EventMember.coordinateY.bit
    private static let viewport = EventMember.viewportWidth.bit | EventMember.viewportHeight.bit
    private static let funnel = EventMember.funnelName.bit | EventMember.funnelStep.bit | EventMember.funnelOrder.bit
    private static let variant = EventMember.testID.bit | EventMember.variantName.bit
    private static let choices =
        EventMember.deviceType.bit | EventMember.exitReason.bit | EventMember.variantName.bit

    /// Whether an object is absent or holds all of these members.
    private func isWhole(_ object: EventMember, _ members: UInt64, mayBeEmpty: Bool = false) -> Bool {
        let found = scan.present & members
        return scan.present & object.bit == 0 || found == members || (mayBeEmpty && found == 0)
    }

    private mutating func areChoicesGood(_ scanner: JSONScanner) -> Bool {
        do throws(Refusal) {
            try checkChoices(scanner)
            return true
        } catch { return false }
    }
}

/// What each member has to be to be good without a doubt; made once and kept for good.
struct PlainRules: @unchecked Sendable {
    private struct Rule {
        /// Nil where it is looked at elsewhere.
        var kind: JSONKind?
        var bytes = 0...Int.max
    }

    static let shared = PlainRules()

    private let rules: UnsafeMutablePointer<Rule>

    private init() {
        rules = .allocate(capacity: EventMember.allCases.count)
        for member in EventMember.allCases {
            (rules + Int(member.rawValue)).initialize(to: Self.rule(of: member))
        }
    }

    private static func rule(of member: EventMember) -> Rule {
        switch member {
        case .eventType: Rule(kind: .string, bytes: FieldLimits.eventType)
        case .userID, .sessionID: Rule(kind: .string, bytes: FieldLimits.identity)
        case .url, .pageURL, .referrer, .landingPage, .exitPage: Rule(kind: .string, bytes: FieldLimits.url)
        case .elementPath: Rule(kind: .string, bytes: FieldLimits.path)
        case .elementText: Rule(kind: .string, bytes: FieldLimits.text)
        case .elementType, .componentID, .screenResolution, .language, .funnelName, .funnelStep:
            Rule(kind: .string, bytes: FieldLimits.name)
        case .testID: Rule(kind: .string, bytes: FieldLimits.testID)
        case .coordinates, .viewport, .eventData, .metadata, .session, .exit, .funnel, .variant, .properties:
            Rule(kind: .object)
        case .key, .message: Rule(kind: .string)
        case .coordinateX, .coordinateY, .viewportWidth, .viewportHeight: Rule(kind: .number)
        case .deviceType, .exitReason, .variantName, .id, .timestamp, .sentAt, .privacy, .hesitation, .percentage,
            .duration, .funnelOrder:
            Rule(kind: nil)
        }
    }

    @inline(__always)
    func allows(_ span: JSONSpan, at member: Int) -> Bool {
        guard let kind = rules[member].kind else { return true }
        return span.kind == kind && rules[member].bytes.contains(span.end &- span.start)
    }
}
