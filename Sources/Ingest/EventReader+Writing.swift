import EventModel

extension EventReader {
    /// The objects that Global Privacy Control keeps out, unknown members included.
    private static let personal: [EventMember] = [.session, .exit, .funnel, .variant]

    /// The bytes of the batch with the event's record behind them.
    mutating func write(
        _ event: CheckedEvent, _ scanner: JSONScanner, _ context: EventContext, behind bytes: consuming [UInt8]
    ) -> [UInt8] {
        var flags: EventRecord.Flags = []
        if context.sender.isBot { flags.insert(.bot) }
        if event.isPrivate {
            flags.insert(.privacyControl)
            scan.dropUnknown(of: Self.personal)
        }
        var writer = EventRecordWriter(
            appendingTo: consume bytes, id: event.id, receivedAt: context.receivedAt, timestamp: event.timestamp,
            flags: flags)
        writer.put(.projectID, context.key.projectIDBytes)
        put(.eventType, .eventType, scanner, &writer)
        putURL(.pageURL, scan[.url] ?? scan[.pageURL], event, scanner, context, &writer)
        putURL(.referrer, scan[.referrer], event, scanner, context, &writer)
        put(.elementPath, .elementPath, scanner, &writer)
        put(.elementType, .elementType, scanner, &writer)
        put(.componentID, .componentID, scanner, &writer)
        putNumbers(event, scanner, &writer)
        if let span = scan[.eventData], span.kind == .object { writer.put(.eventData, scanner.source(of: span)) }
        putMetadata(scanner, &writer)
        if !event.isPrivate { putPersonal(event, scanner, context, &writer) }
        return writer.finish()
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
        _ event: CheckedEvent, _ scanner: JSONScanner, _ context: EventContext, _ writer: inout EventRecordWriter
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
        if scan[.deviceType] != nil {
            put(.deviceType, .deviceType, scanner, &writer)
        } else {
            writer.put(.deviceType, context.sender.deviceType)
        }
        for property in scan.properties {
            withText(property.name, scanner) { writer.put(.propertyName, $0) }
            withText(property.value, scanner) { writer.put(.propertyValue, $0) }
        }
        putURL(.landingPage, scan[.landingPage], event, scanner, context, &writer)
        put(.screenResolution, .screenResolution, scanner, &writer)
        put(.language, .language, scanner, &writer)
        if scan[.exitReason] != nil {
            putURL(.exitPage, scan[.exitPage], event, scanner, context, &writer)
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
        _ context: EventContext, _ writer: inout EventRecordWriter
    ) {
        guard let span, span.end > span.start else { return }
        urlScratch.removeAll(keepingCapacity: true)
        var cleaned: [UInt8] = []
        swap(&cleaned, &urlScratch)
        withText(span, scanner) { text in
            guard text.contains(UInt8(ascii: "?")) || text.contains(UInt8(ascii: "#")) else {
                writer.put(tag, text)
                return
            }
            context.key.urlCleaner.append(text, dropsQuery: event.isPrivate, to: &cleaned)
            writer.put(tag, cleaned)
        }
        swap(&cleaned, &urlScratch)
    }

    /// `metadata` as it came, and behind its members those that the daemon does not know; one from within an object
    /// is named by its path.
    private mutating func putMetadata(_ scanner: JSONScanner, _ writer: inout EventRecordWriter) {
        guard !scan.unknown.isEmpty else {
            if let span = scan[.metadata] { writer.put(.metadata, scanner.source(of: span)) }
            return
        }
        scratch.removeAll(keepingCapacity: true)
        var separator = UInt8(ascii: "{")
        if let span = scan[.metadata], span.kind == .object {
            let members = scanner.content(of: span).dropFirst().dropLast()
            if let last = members.lastIndex(where: { $0 > 0x20 }) {
                scratch.append(separator)
                scratch.append(contentsOf: members[...last])
                separator = UInt8(ascii: ",")
            }
        }
        for unknown in scan.unknown {
            scratch.append(separator)
            separator = UInt8(ascii: ",")
            scratch.append(UInt8(ascii: "\""))
            if let parent = unknown.parent {
                scratch.append(contentsOf: parent.path.utf8)
                scratch.append(UInt8(ascii: "."))
            }
            scratch.append(contentsOf: scanner.content(of: unknown.name))
            scratch.append(contentsOf: "\":".utf8)
            scratch.append(contentsOf: scanner.source(of: unknown.value))
        }
        scratch.append(UInt8(ascii: "}"))
        writer.put(.metadata, scratch)
    }
}
