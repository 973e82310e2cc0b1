/// Writes one event record into memory that is large enough for it, field by field, without an allocation. Without
/// memory it only measures.
package struct EventRecordWriter: ~Copyable {
    private let memory: UnsafeMutableRawPointer?
    private let capacity: Int
    /// Bytes of the record so far.
    package private(set) var size = 0

    /// Starts a record at the begin of `memory`; nil only measures it.
    package init(
        to memory: UnsafeMutableRawBufferPointer?, id: EventID, receivedAt: Timestamp, timestamp: Timestamp,
        flags: EventRecord.Flags
    ) {
        self.memory = memory?.baseAddress
        capacity = memory?.count ?? 0
        append(UInt64(EventRecord.version) | UInt64(flags.rawValue) << 8)
        append(UInt64(bitPattern: receivedAt.milliseconds))
        append(UInt64(bitPattern: timestamp.milliseconds))
        append(id.high.byteSwapped)
        append(id.low.byteSwapped)
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: UnsafeRawBufferPointer) {
        start(tag, size: value.count)
        append(value)
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: [UInt8]) {
        value.withUnsafeBytes { put(tag, $0) }
    }

    package mutating func put(_ tag: EventRecord.Tag, _ value: String?) {
        guard var value else { return }
        value.withUTF8 { put(tag, UnsafeRawBufferPointer($0)) }
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

    /// A field whose value `body` appends in parts.
    package mutating func put(_ tag: EventRecord.Tag, parts body: (inout EventRecordWriter) -> Void) {
        start(tag, size: 0)
        let start = size
        body(&self)
        memory?.storeBytes(
            of: UInt32(size - start).littleEndian, toByteOffset: start - EventRecord.sizeBytes, as: UInt32.self)
    }

    /// A part of a field's value.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let place = room(for: bytes.count) else { return }
        place.copyMemory(from: source, byteCount: bytes.count)
    }

    /// A part of a field's value.
    package mutating func append(_ byte: UInt8) {
        room(for: 1)?.storeBytes(of: byte, as: UInt8.self)
    }

    private mutating func start(_ tag: EventRecord.Tag, size: Int) {
        guard let place = room(for: 1 + EventRecord.sizeBytes) else { return }
        place.storeBytes(of: tag.rawValue, as: UInt8.self)
        (place + 1).storeBytes(of: UInt32(truncatingIfNeeded: size).littleEndian, as: UInt32.self)
    }

    private mutating func append(_ value: UInt64) {
        room(for: 8)?.storeBytes(of: value.littleEndian, as: UInt64.self)
    }

    /// Where the next bytes go; nil where nothing is written, only measured.
    @inline(__always)
    private mutating func room(for bytes: Int) -> UnsafeMutableRawPointer? {
        let place = size
        size &+= bytes
        guard let memory else { return nil }
        precondition(size <= capacity, "the memory for an event record is too small")
        return memory + place
    }
}

extension Event {
    /// The event as the bytes of a log record.
    package func encoded() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: write(to: nil)) { buffer, count in
            count = write(to: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Returns the record's size.
    private func write(to memory: UnsafeMutableRawBufferPointer?) -> Int {
        var flags: EventRecord.Flags = []
        if isBot { flags.insert(.bot) }
        if isPrivate { flags.insert(.privacyControl) }
        var writer = EventRecordWriter(
            to: memory, id: id, receivedAt: receivedAt, timestamp: timestamp, flags: flags)
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
        return writer.size
    }
}
