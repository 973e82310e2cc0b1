import EventModel

extension EventReader {
    private static let urls: [EventMember] = [.url, .pageURL, .referrer, .landingPage, .exitPage]
    private static let names: [EventMember] = [.elementType, .componentID, .screenResolution, .language]
    /// Texts that are kept in `event_data`, or not at all.
    private static let unmeasured: [EventMember] = [.message, .key]
    private static let objects: [EventMember] = [
        .coordinates, .viewport, .eventData, .metadata, .session, .exit, .funnel, .variant, .properties,
    ]

    /// The rules of one event. What they let through can be written as it stands.
    mutating func check(_ scanner: JSONScanner, _ context: inout EventContext) throws(Refusal) -> CheckedEvent {
        if !isPlainlyGood(scanner) {
            // In this order, so that of several faults the sender hears of the same one each time.
            try checkTexts(scanner)
            try checkObjects(scanner)
        }
        try checkProperties(scanner)
        let (id, hasOwnID) = try readID(scanner, &context)
        return CheckedEvent(
            id: id,
            hasOwnID: hasOwnID,
            timestamp: try readTimestamp(scanner, &context),
            isPrivate: try readPrivacy() || context.isPrivate,
            hesitationMilliseconds: try readHesitation(scanner),
            scrollPercentage: try readPercentage(scanner),
            funnelOrder: try readFunnelOrder(scanner))
    }

    private mutating func checkTexts(_ scanner: JSONScanner) throws(Refusal) {
        guard try checkText(.eventType, FieldLimits.eventType, scanner) else {
            throw Refusal(.missingMember, field: EventMember.eventType.path, "event_type is required")
        }
        _ = try checkText(.userID, FieldLimits.identity, scanner)
        _ = try checkText(.sessionID, FieldLimits.identity, scanner)
        for member in Self.urls {
            _ = try checkText(member, FieldLimits.url, scanner)
        }
        _ = try checkText(.elementPath, FieldLimits.path, scanner)
        _ = try checkText(.elementText, FieldLimits.text, scanner)
        for member in Self.names {
            _ = try checkText(member, FieldLimits.name, scanner)
        }
        for member in Self.unmeasured {
            _ = try checkText(member, 0...Int.max, scanner)
        }
        if let url = scan[.url], let pageURL = scan[.pageURL], !isSame(url, pageURL, scanner) {
            throw Refusal(.repeatedMember, field: "page_url", byte: pageURL.start, "url and page_url differ; send one")
        }
        try checkChoice(.deviceType, Self.deviceTypes, scanner)
    }

    private static let deviceTypes: [StaticString] = ["mobile", "desktop", "tablet"]
    private static let exitReasons: [StaticString] = ["timeout", "navigation", "close", "refresh"]
    private static let variantNames: [StaticString] = ["A", "B"]

    /// Of the members that have one of a few values.
    mutating func checkChoices(_ scanner: JSONScanner) throws(Refusal) {
        try checkChoice(.deviceType, Self.deviceTypes, scanner)
        try checkChoice(.exitReason, Self.exitReasons, scanner)
        try checkChoice(.variantName, Self.variantNames, scanner)
    }

    private mutating func checkObjects(_ scanner: JSONScanner) throws(Refusal) {
        for member in Self.objects {
            guard let span = scan[member], span.kind != .object else { continue }
            throw wrongType(member, span, "a JSON object")
        }
        try checkNumbers(.coordinates, .coordinateX, .coordinateY)
        try checkNumbers(.viewport, .viewportWidth, .viewportHeight)
        try checkChoice(.exitReason, Self.exitReasons, scanner)
        if scan[.exit] != nil { try demand([.exitReason]) }
        _ = try checkText(.funnelName, FieldLimits.name, scanner)
        _ = try checkText(.funnelStep, FieldLimits.name, scanner)
        if scan[.funnel] != nil { try demand([.funnelName, .funnelStep, .funnelOrder]) }
        _ = try checkText(.testID, FieldLimits.testID, scanner)
        try checkChoice(.variantName, Self.variantNames, scanner)
        if scan[.variant] != nil { try demand([.testID, .variantName]) }
    }

    private func demand(_ members: [EventMember]) throws(Refusal) {
        for member in members where scan[member] == nil {
            throw Refusal(.missingMember, field: member.path, "\(member.path) is required where its object is sent")
        }
    }

    /// Both are numbers, or both are absent.
    private func checkNumbers(_ parent: EventMember, _ first: EventMember, _ second: EventMember) throws(Refusal) {
        for member in [first, second] {
            guard let span = scan[member], span.kind != .number else { continue }
            throw wrongType(member, span, "a number")
        }
        if scan[parent] != nil, (scan[first] == nil) != (scan[second] == nil) { try demand([first, second]) }
    }

    private mutating func checkProperties(_ scanner: JSONScanner) throws(Refusal) {
        guard let span = scan[.properties], !scan.properties.isEmpty else { return }
        guard scan.properties.count <= FieldLimits.propertyKeys else {
            let text = "more than \(FieldLimits.propertyKeys) properties"
            throw Refusal(.tooLong, field: "properties", byte: span.start, text)
        }
        var size = 0
        for index in scan.properties.indices {
            let (name, value) = scan.properties[index]
            size += name.hasEscapes ? textSize(name, scanner) : name.end - name.start
            size += value.hasEscapes ? textSize(value, scanner) : value.end - value.start
            for other in scan.properties[..<index] where isSame(other.name, name, scanner) {
                throw Refusal(.repeatedMember, field: "properties", byte: name.start, "a property stands twice")
            }
        }
        guard size <= FieldLimits.propertyBytes else {
            let text = "names and values are more than \(FieldLimits.propertyBytes) bytes (\(size))"
            throw Refusal(.tooLong, field: "properties", byte: span.start, text)
        }
    }

    private mutating func readID(
        _ scanner: JSONScanner, _ context: inout EventContext
    ) throws(Refusal) -> (EventID, Bool) {
        guard let span = scan[.id] else { return (.version7(at: context.receivedAt, using: &random), false) }
        guard span.kind == .string else { throw wrongType(.id, span, "a UUID as text") }
        guard let id = withText(span, scanner, { EventID($0) }) else {
            throw Refusal(.wrongValue, field: "id", byte: span.start, "id is no UUID of 36 characters")
        }
        return (id, true)
    }

    /// When the event happened: the browser's time less its clock's error, within what may be believed.
    private func readTimestamp(
        _ scanner: JSONScanner, _ context: inout EventContext
    ) throws(Refusal) -> Timestamp {
        var clockError = context.clockErrorMilliseconds ?? 0
        if let span = scan[.sentAt] {
            let sentAt = try Self.moment(span, field: "sent_at", scanner)
            clockError = context.receivedAt.milliseconds - sentAt.milliseconds
        }
        guard let span = scan[.timestamp] else { return context.receivedAt }
        let sent = try Self.moment(span, field: "timestamp", scanner)
        let time = Timestamp(milliseconds: sent.milliseconds + clockError)
        let age = context.receivedAt.milliseconds - time.milliseconds
        if age < -FieldLimits.aheadMilliseconds {
            throw Refusal(.inFuture, field: "timestamp", byte: span.start, "the time is over 5 minutes ahead of ours")
        }
        guard age <= context.maxAgeMilliseconds else {
            let days = context.maxAgeMilliseconds / Day.milliseconds
            throw Refusal(.tooOld, field: "timestamp", byte: span.start, "the time is over \(days) days old")
        }
        return age < 0 ? context.receivedAt : time
    }

    /// ISO 8601 or milliseconds since 1970, between the years 1900 and 9999.
    static func moment(_ span: JSONSpan, field: String, _ scanner: JSONScanner) throws(Refusal) -> Timestamp {
        let believable = Int64(-2_208_988_800_000)...253_402_300_799_999
        switch span.kind {
        case .string:
            let time =
                span.hasEscapes ? Timestamp(scanner.text(of: span)) : Timestamp(iso8601: scanner.content(of: span))
            if let time, believable.contains(time.milliseconds) { return time }
        case .number:
            let value = scanner.double(span)
            if value >= Double(believable.lowerBound), value <= Double(believable.upperBound) {
                return Timestamp(milliseconds: Int64(value))
            }
        default: break
        }
        let isWrongType = span.kind != .string && span.kind != .number
        throw Refusal(
            isWrongType ? .wrongType : .wrongValue, field: field, byte: span.start,
            "\(field) is neither ISO 8601 with a zone nor milliseconds since 1970")
    }

    private func readPrivacy() throws(Refusal) -> Bool {
        guard let span = scan[.privacy] else { return false }
        switch span.kind {
        case .true: return true
        case .false: return false
        default: throw wrongType(.privacy, span, "true or false")
        }
    }

    private func readHesitation(_ scanner: JSONScanner) throws(Refusal) -> Int64? {
        guard let span = scan[.hesitation] else { return nil }
        guard span.kind == .number, let value = scanner.integer(span), value >= 0 else {
            throw wrongType(.hesitation, span, "a whole number of milliseconds")
        }
        return value
    }

    private func readPercentage(_ scanner: JSONScanner) throws(Refusal) -> Double? {
        if let span = scan[.duration], span.kind != .number { throw wrongType(.duration, span, "a number") }
        guard let span = scan[.percentage] else { return nil }
        guard span.kind == .number else { throw wrongType(.percentage, span, "a number") }
        let value = scanner.double(span)
        guard (0...100).contains(value) else {
            let field = EventMember.percentage.path
            throw Refusal(.wrongValue, field: field, byte: span.start, "a percentage is 0 to 100")
        }
        return value
    }

    private func readFunnelOrder(_ scanner: JSONScanner) throws(Refusal) -> Int64? {
        guard let span = scan[.funnelOrder] else { return nil }
        guard span.kind == .number, let order = scanner.integer(span) else {
            throw wrongType(.funnelOrder, span, "a whole number")
        }
        return order
    }
}
