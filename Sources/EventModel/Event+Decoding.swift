extension Event {
    /// Reads the bytes of one log record.
    package init(record: UnsafeRawBufferPointer) throws(EventRecordError) {
        guard record.count >= EventRecord.headerSize else {
            throw EventRecordError(code: .tooShort, offset: record.count)
        }
        guard record[0] == EventRecord.version else { throw EventRecordError(code: .unknownVersion, offset: 0) }
        let flags = EventRecord.Flags(rawValue: record[1])
        self.init(
            id: EventID(
                high: UInt64(bigEndian: record.loadUnaligned(fromByteOffset: 24, as: UInt64.self)),
                low: UInt64(bigEndian: record.loadUnaligned(fromByteOffset: 32, as: UInt64.self))),
            projectID: ProjectID(rawValue: ""),
            receivedAt: Timestamp(
                milliseconds: Int64(littleEndian: record.loadUnaligned(fromByteOffset: 8, as: Int64.self))),
            timestamp: Timestamp(
                milliseconds: Int64(littleEndian: record.loadUnaligned(fromByteOffset: 16, as: Int64.self))),
            eventType: "")
        isBot = flags.contains(.bot)
        isPrivate = flags.contains(.privacyControl)
        var fields = FieldReader(record: record)
        var parts = Parts()
        while let field = try fields.next() { try read(field, into: &parts) }
        try finish(parts, size: record.count)
    }

    /// Members that stand in several fields, until all are read.
    private struct Parts {
        var x: Double?
        var y: Double?
        var width: Double?
        var height: Double?
        var propertyName: String?
        var exitPage: String?
        var exitReason: String?
        var funnelName: String?
        var funnelStep: String?
        var funnelOrder: Int64?
        var testID: String?
        var variant: String?
    }

    private mutating func read(_ field: FieldReader.Field, into parts: inout Parts) throws(EventRecordError) {
        switch field.tag {
        case nil: break
        case .projectID: projectID = ProjectID(rawValue: field.text)
        case .eventType: eventType = field.text
        case .userID: userID = field.text
        case .sessionID: sessionID = field.text
        case .pageURL: pageURL = field.text
        case .referrer: referrer = field.text
        case .userAgent: userAgent = field.text
        case .ipHash: ipHash = field.text
        case .deviceType: deviceType = field.text
        case .countryCode: countryCode = field.text
        case .elementPath: elementPath = field.text
        case .elementType: elementType = field.text
        case .elementText: elementText = field.text
        case .componentID: componentID = field.text
        case .coordinateX: parts.x = try field.double()
        case .coordinateY: parts.y = try field.double()
        case .viewportWidth: parts.width = try field.double()
        case .viewportHeight: parts.height = try field.double()
        case .eventData: eventData = field.text
        case .hesitationMilliseconds: hesitationMilliseconds = try field.integer()
        case .scrollPercentage: scrollPercentage = try field.double()
        case .metadata: metadata = field.text
        case .propertyName: parts.propertyName = field.text
        case .propertyValue:
            guard let name = parts.propertyName else {
                throw EventRecordError(code: .brokenField, offset: field.offset)
            }
            properties.append(Property(name: name, value: field.text))
            parts.propertyName = nil
        case .landingPage: landingPage = field.text
        case .screenResolution: screenResolution = field.text
        case .language: language = field.text
        case .exitPage: parts.exitPage = field.text
        case .exitReason: parts.exitReason = field.text
        case .funnelName: parts.funnelName = field.text
        case .funnelStep: parts.funnelStep = field.text
        case .funnelOrder: parts.funnelOrder = try field.integer()
        case .testID: parts.testID = field.text
        case .variant: parts.variant = field.text
        }
    }

    private mutating func finish(_ parts: Parts, size: Int) throws(EventRecordError) {
        guard !projectID.rawValue.isEmpty, !eventType.isEmpty else {
            throw EventRecordError(code: .missingField, offset: size)
        }
        if let x = parts.x, let y = parts.y { coordinates = Coordinates(x: x, y: y) }
        if let width = parts.width, let height = parts.height { viewport = Viewport(width: width, height: height) }
        if let text = parts.exitReason {
            guard let reason = Exit.Reason(rawValue: text) else {
                throw EventRecordError(code: .brokenField, offset: size)
            }
            exit = Exit(page: parts.exitPage, reason: reason)
        }
        if let name = parts.funnelName, let step = parts.funnelStep, let order = parts.funnelOrder {
            funnel = FunnelStep(name: name, step: step, order: order)
        }
        if let testID = parts.testID, let name = parts.variant { variant = Variant(testID: testID, variant: name) }
    }
}

/// Walks the fields of a record.
private struct FieldReader {
    struct Field {
        let tag: EventRecord.Tag?
        let bytes: UnsafeRawBufferPointer
        let offset: Int

        var text: String { String(decoding: bytes, as: UTF8.self) }

        func integer() throws(EventRecordError) -> Int64 {
            guard bytes.count == 8 else { throw EventRecordError(code: .brokenField, offset: offset) }
            return Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))
        }

        func double() throws(EventRecordError) -> Double {
            Double(bitPattern: UInt64(bitPattern: try integer()))
        }
    }

    let record: UnsafeRawBufferPointer
    var offset = EventRecord.headerSize

    init(record: UnsafeRawBufferPointer) { self.record = record }

    mutating func next() throws(EventRecordError) -> Field? {
        guard offset < record.count else { return nil }
        guard offset + 5 <= record.count else { throw EventRecordError(code: .brokenField, offset: offset) }
        let size = Int(UInt32(littleEndian: record.loadUnaligned(fromByteOffset: offset + 1, as: UInt32.self)))
        guard size <= record.count - offset - 5 else { throw EventRecordError(code: .brokenField, offset: offset) }
        let bytes = UnsafeRawBufferPointer(rebasing: record[(offset + 5)..<(offset + 5 + size)])
        let field = Field(tag: EventRecord.Tag(rawValue: record[offset]), bytes: bytes, offset: offset)
        offset += 5 + size
        return field
    }
}
