import EventModel

extension EventReader {
    /// The objects that Global Privacy Control keeps out, unknown members included.
    private static let personal: [EventMember] = [.session, .exit, .funnel, .variant]

    /// More bytes than the record of the event just scanned can have: each byte of the event is written once at most,
    /// a number as eight of them, a member that the daemon does not know with the name of its object.
    func largestRecord(from start: Int, to scanner: JSONScanner, _ context: inout EventContext) -> Int {
        let fields = EventScan.memberCount + Self.addedFields
        let added = context.key.projectIDBytes.count + context.sender.byteCount
        return EventRecord.headerSize + (scanner.offset - start) + fields * (EventRecord.fieldOverhead + 8)
            + 2 * scan.properties.count * EventRecord.fieldOverhead + scan.unknown.count * Self.unknownOverhead + added
    }

    /// Fields that come from the request, not from the event.
    private static let addedFields = 8
    /// The path of its object, quotes, colon and comma.
    private static let unknownOverhead = 24

    /// Writes the event's record and gives its size.
    mutating func write(
        _ event: CheckedEvent, _ scanner: JSONScanner, _ context: inout EventContext,
        to memory: UnsafeMutableRawBufferPointer
    ) -> Int {
        var flags: EventRecord.Flags = []
        if context.sender.isBot { flags.insert(.bot) }
        if event.isPrivate {
            flags.insert(.privacyControl)
            scan.dropUnknown(of: Self.personal)
        }
        var writer = EventRecordWriter(
            to: memory, id: event.id, receivedAt: context.receivedAt, timestamp: event.timestamp, flags: flags)
        writer.put(.projectID, context.key.projectIDBytes)
        put(.eventType, .eventType, scanner, &writer)
        putURL(.pageURL, scan[.url] ?? scan[.pageURL], event, scanner, &context, &writer)
        putURL(.referrer, scan[.referrer], event, scanner, &context, &writer)
        put(.elementPath, .elementPath, scanner, &writer)
        put(.elementType, .elementType, scanner, &writer)
        put(.componentID, .componentID, scanner, &writer)
        putNumbers(event, scanner, &writer)
        if let span = scan[.eventData], span.kind == .object { writer.put(.eventData, scanner.source(of: span)) }
        putMetadata(scanner, &writer)
        if !event.isPrivate { putPersonal(event, scanner, &context, &writer) }
        return writer.size
    }

    private mutating func putNumbers(
        _ event: CheckedEvent, _ scanner: JSONScanner, _ writer: inout EventRecordWriter
    ) {
        writer.put(.coordinateX, scan[.coordinateX].map(scanner.double))
        writer.put(.coordinateY, scan[.coordinateY].map(scanner.double))
        writer.put(.viewportWidth, scan[.viewportWidth].map(scanner.double))
        writer.put(.viewportHeight, scan[.viewportHeight].map(scanner.double))
        writer.put(.hesitationMilliseconds, event.hesitationMilliseconds)
        writer.put(.scrollPercentage, event.scrollPercentage)
    }

    /// What Global Privacy Control keeps out.
    private mutating func putPersonal(
        _ event: CheckedEvent, _ scanner: JSONScanner, _ context: inout EventContext, _ writer: inout EventRecordWriter
    ) {
        if scan[.userID] != nil {
            put(.userID, .userID, scanner, &writer)
        } else if context.key.kind == .public, let visitor = context.sender.visitorID {
            writer.put(.userID, visitor)
        }
        put(.sessionID, .sessionID, scanner, &writer)
        put(.elementText, .elementText, scanner, &writer)
        if let userAgent = context.sender.userAgent { writer.put(.userAgent, userAgent) }
        if let hash = context.sender.ipHash { writer.put(.ipHash, hash) }
        if let country = context.sender.countryCode { writer.put(.countryCode, country) }
        if scan[.deviceType] != nil {
            put(.deviceType, .deviceType, scanner, &writer)
        } else {
            writer.put(.deviceType, context.sender.deviceType)
        }
        for property in scan.properties {
            withText(property.name, scanner) { writer.put(.propertyName, $0) }
            withText(property.value, scanner) { writer.put(.propertyValue, $0) }
        }
        putURL(.landingPage, scan[.landingPage], event, scanner, &context, &writer)
        put(.screenResolution, .screenResolution, scanner, &writer)
        put(.language, .language, scanner, &writer)
        if scan[.exitReason] != nil {
            putURL(.exitPage, scan[.exitPage], event, scanner, &context, &writer)
            put(.exitReason, .exitReason, scanner, &writer)
        }
        if let order = event.funnelOrder {
            put(.funnelName, .funnelName, scanner, &writer)
            put(.funnelStep, .funnelStep, scanner, &writer)
            writer.put(.funnelOrder, order)
        }
        put(.testID, .testID, scanner, &writer)
        put(.variant, .variantName, scanner, &writer)
    }

    /// An empty text counts as absent.
    private mutating func put(
        _ tag: EventRecord.Tag, _ member: EventMember, _ scanner: JSONScanner, _ writer: inout EventRecordWriter
    ) {
        guard let span = scan[member], span.end > span.start || tag == .funnelName || tag == .funnelStep else { return }
        withText(span, scanner) { writer.put(tag, $0) }
    }

    private mutating func putURL(
        _ tag: EventRecord.Tag, _ span: JSONSpan?, _ event: CheckedEvent, _ scanner: JSONScanner,
        _ context: inout EventContext, _ writer: inout EventRecordWriter
    ) {
        guard let span, span.end > span.start else { return }
        withText(span, scanner) { text in
            writer.put(tag) { context.key.urlCleaner.append(text, dropsQuery: event.isPrivate, to: &$0) }
        }
    }

    /// `metadata` as it came, and behind its members those that the daemon does not know; one from within an object
    /// is named by its path.
    private func putMetadata(_ scanner: JSONScanner, _ writer: inout EventRecordWriter) {
        guard !scan.unknown.isEmpty else {
            if let span = scan[.metadata] { writer.put(.metadata, scanner.source(of: span)) }
            return
        }
        writer.put(.metadata) { writer in
            var separator = UInt8(ascii: "{")
            if let span = scan[.metadata], span.kind == .object {
                let members = UnsafeRawBufferPointer(rebasing: scanner.content(of: span).dropFirst().dropLast())
                if let last = members.lastIndex(where: { $0 > 0x20 }) {
                    writer.append(separator)
                    writer.append(members.part(0..<(last + 1)))
                    separator = UInt8(ascii: ",")
                }
            }
            for unknown in scan.unknown {
                writer.append(separator)
                separator = UInt8(ascii: ",")
                writer.append(UInt8(ascii: "\""))
                if let parent = unknown.parent {
                    var path = parent.path
                    path.withUTF8 { writer.append(UnsafeRawBufferPointer($0)) }
                    writer.append(UInt8(ascii: "."))
                }
                writer.append(scanner.content(of: unknown.name))
                writer.append(UInt8(ascii: "\""))
                writer.append(UInt8(ascii: ":"))
                writer.append(scanner.source(of: unknown.value))
            }
            writer.append(UInt8(ascii: "}"))
        }
    }
}
