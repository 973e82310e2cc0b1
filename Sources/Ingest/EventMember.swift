/// A member of a beacon that the daemon knows, in the event itself or in one of its objects.
enum EventMember: UInt8, CaseIterable {
    case id, eventType, userID, sessionID, timestamp, sentAt, url, pageURL, referrer, properties
    case elementPath, elementType, elementText, componentID, coordinates, viewport, eventData, metadata
    case session, exit, funnel, variant, privacy, key
    case coordinateX, coordinateY, viewportWidth, viewportHeight
    case hesitation, percentage, duration, message
    case landingPage, screenResolution, language, deviceType
    case exitPage, exitReason
    case funnelName, funnelStep, funnelOrder
    case testID, variantName

    /// The path by which a refusal names it.
    var path: String {
        switch self {
        case .id: "id"
        case .eventType: "event_type"
        case .userID: "user_id"
        case .sessionID: "session_id"
        case .timestamp: "timestamp"
        case .sentAt: "sent_at"
        case .url: "url"
        case .pageURL: "page_url"
        case .referrer: "referrer"
        case .properties: "properties"
        case .elementPath: "element_path"
        case .elementType: "element_type"
        case .elementText: "element_text"
        case .componentID: "component_id"
        case .coordinates: "coordinates"
        case .viewport: "viewport_size"
        case .eventData: "event_data"
        case .metadata: "metadata"
        case .session: "session"
        case .exit: "exit"
        case .funnel: "funnel"
        case .variant: "variant"
        case .privacy: "gpc"
        case .key: "key"
        case .coordinateX: "coordinates.x"
        case .coordinateY: "coordinates.y"
        case .viewportWidth: "viewport_size.width"
        case .viewportHeight: "viewport_size.height"
        case .hesitation: "event_data.hesitation_ms"
        case .percentage: "event_data.percentage"
        case .duration: "event_data.duration_ms"
        case .message: "event_data.message"
        case .landingPage: "session.landing_page"
        case .screenResolution: "session.screen_resolution"
        case .language: "session.language"
        case .deviceType: "session.device_type"
        case .exitPage: "exit.page"
        case .exitReason: "exit.reason"
        case .funnelName: "funnel.name"
        case .funnelStep: "funnel.step"
        case .funnelOrder: "funnel.order"
        case .testID: "variant.test_id"
        case .variantName: "variant.variant"
        }
    }

    /// The object that holds it; nil for the event itself.
    var parent: EventMember? {
        guard let dot = path.firstIndex(of: ".") else { return nil }
        return Self.allCases.first { $0.path == path[..<dot] }
    }

    /// Its name within its object.
    var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}

/// Finds the known members of one object by their names: open addressing over a power of two, made once.
struct EventMemberTable {
    private var names: [[UInt8]] = []
    private var members: [EventMember] = []
    private var slots = [Int8](repeating: -1, count: 128)

    /// The members that stand in `parent`.
    init(of parent: EventMember?) {
        for member in EventMember.allCases where member.parent == parent {
            let name = [UInt8](member.name.utf8)
            var slot = name.withUnsafeBytes { Self.slot($0) }
            while slots[slot] >= 0 { slot = (slot + 1) & 127 }
            slots[slot] = Int8(names.count)
            names.append(name)
            members.append(member)
        }
    }

    func member(named name: UnsafeRawBufferPointer) -> EventMember? {
        guard name.count > 0 else { return nil }
        var slot = Self.slot(name)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if names[index].count == name.count, names[index].elementsEqual(name) { return members[index] }
            slot = (slot + 1) & 127
        }
        return nil
    }

    private static func slot(_ name: UnsafeRawBufferPointer) -> Int {
        (name.count &* 31 &+ Int(name[0]) &* 7 &+ Int(name[name.count - 1])) & 127
    }
}
