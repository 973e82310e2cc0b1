/// Appends one event record to a buffer, field by field, without an allocation per field.
package struct EventRecordWriter: ~Copyable {
    /// The bytes written so far; the record is at their end.
    package private(set) var bytes: [UInt8]

    /// Starts a record behind what `bytes` already holds.
    package init(
        appendingTo bytes: consuming [UInt8] = [], id: EventID, receivedAt: Timestamp, timestamp: Timestamp,
        flags: EventRecord.Flags
    ) {
        // Moved, not shared: a second owner would make the next append copy the whole batch.
        self.bytes = consume bytes
        self.bytes.append(EventRecord.version)
        self.bytes.append(flags.rawValue)
        self.bytes.append(contentsOf: repeatElement(0, count: 6))
        append(UInt64(bitPattern: receivedAt.milliseconds))
        append(UInt64(bitPattern: timestamp.milliseconds))
        append(id.high.byteSwapped)
        append(id.low.byteSwapped)
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: UnsafeRawBufferPointer) {
        start(tag, size: value.count)
        bytes.append(contentsOf: value)
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: [UInt8]) {
        start(tag, size: value.count)
        bytes.append(contentsOf: value)
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: String?) {
        guard let value else { return }
        start(tag, size: value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: Int64?) {
        guard let value else { return }
        start(tag, size: 8)
        append(UInt64(bitPattern: value))
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: Double?) {
        guard let value else { return }
        start(tag, size: 8)
        append(value.bitPattern)
    }

    /// The buffer with the finished record at its end.
    package consuming func finish() -> [UInt8] { bytes }

    private mutating func start(_ tag: EventRecord.Tag, size: Int) {
        bytes.append(tag.rawValue)
        withUnsafeBytes(of: UInt32(size).littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

extension Event {
    /// The event as the bytes of a log record.
    package func encoded() -> [UInt8] {
        var flags: EventRecord.Flags = []
        if isBot { flags.insert(.bot) }
        if isPrivate { flags.insert(.privacyControl) }
        var writer = EventRecordWriter(id: id, receivedAt: receivedAt, timestamp: timestamp, flags: flags)
        writer.put(.projectID, projectID.rawValue)
        writer.put(.eventType, eventType)
        writer.put(.userID, userID)
        writer.put(.sessionID, sessionID)
        writer.put(.pageURL, pageURL)
        writer.put(.referrer, referrer)
        writer.put(.userAgent, userAgent)
        writer.put(.ipHash, ipHash)
        writer.put(.deviceType, deviceType)
        writer.put(.countryCode, countryCode)
        writer.put(.elementPath, elementPath)
        writer.put(.elementType, elementType)
        writer.put(.elementText, elementText)
        writer.put(.componentID, componentID)
        writer.put(.coordinateX, coordinates?.x)
        writer.put(.coordinateY, coordinates?.y)
        writer.put(.viewportWidth, viewport?.width)
        writer.put(.viewportHeight, viewport?.height)
        writer.put(.eventData, eventData == "{}" ? nil : eventData)
        writer.put(.hesitationMilliseconds, hesitationMilliseconds)
        writer.put(.scrollPercentage, scrollPercentage)
        writer.put(.metadata, metadata == "{}" ? nil : metadata)
        for property in properties {
            writer.put(.propertyName, property.name)
            writer.put(.propertyValue, property.value)
        }
        writer.put(.landingPage, landingPage)
        writer.put(.screenResolution, screenResolution)
        writer.put(.language, language)
        writer.put(.exitPage, exit?.page)
        writer.put(.exitReason, exit?.reason.rawValue)
        writer.put(.funnelName, funnel?.name)
        writer.put(.funnelStep, funnel?.step)
        writer.put(.funnelOrder, funnel?.order)
        writer.put(.testID, variant?.testID)
        writer.put(.variant, variant?.variant)
        return writer.finish()
    }
}
