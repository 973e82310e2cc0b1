/// The bytes of an event in the write-ahead log.
///
/// Layout, little-endian: version (1 byte), flags (1 byte), 6 bytes of zero, `received_at` and `timestamp` (8 bytes
/// each, milliseconds since 1970), the id (16 bytes); then fields until the end, each a tag (1 byte), a length
/// (4 bytes) and that many bytes. Texts are UTF-8, numbers 8 bytes. Fields may stand in any order; a property is its
/// name followed by its value. A tag the reader doesn't know is passed over, so that fields can be added.
package enum EventRecord {
    package static let version: UInt8 = 1
    package static let headerSize = 40
    /// Of a field's length.
    static let sizeBytes = 4
    /// What a field takes beside its value.
    package static let fieldOverhead = 1 + sizeBytes

    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let bot = Flags(rawValue: 1)
        package static let privacyControl = Flags(rawValue: 2)
    }

    package enum Tag: UInt8, Sendable {
        case projectID = 1
        case eventType, userID, sessionID, pageURL, referrer, userAgent, ipHash, deviceType, countryCode
        case elementPath, elementType, elementText, componentID
        case coordinateX, coordinateY, viewportWidth, viewportHeight
        case eventData, hesitationMilliseconds, scrollPercentage, metadata
        case propertyName, propertyValue
        case landingPage, screenResolution, language
        case exitPage, exitReason
        case funnelName, funnelStep, funnelOrder
        case testID, variant
    }
}

/// Why a record cannot be read.
package struct EventRecordError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable { case tooShort, unknownVersion, brokenField, missingField }

    package let code: Code
    /// Byte of the record at which it was noticed.
    package let offset: Int

    package init(code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }

    package var description: String {
        let what =
            switch code {
            case .tooShort: "is shorter than its header"
            case .unknownVersion: "has a version this program does not know; use the program that wrote it"
            case .brokenField: "has a field that is not what its tag says"
            case .missingField: "has no project or no event type"
            }
        return "event record \(what) (byte \(offset))"
    }
}
