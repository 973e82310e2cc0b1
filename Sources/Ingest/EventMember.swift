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
    var path: String { staticPath.description }

    private var staticPath: StaticString {
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
        let path = path
        guard let dot = path.firstIndex(of: ".") else { return nil }
        return Self.allCases.first { $0.path == path[..<dot] }
    }

    /// Its name within its object: the end of the path.
    fileprivate var name: UnsafeRawBufferPointer {
        let path = UnsafeRawBufferPointer(start: staticPath.utf8Start, count: staticPath.utf8CodeUnitCount)
        let start = path.lastIndex(of: UInt8(ascii: ".")).map { $0 + 1 } ?? 0
        return UnsafeRawBufferPointer(rebasing: path[start...])
    }
}

/// Finds the known members by their names and the objects in which they stand: open addressing over a power of two.
/// Made once and kept for good, so that looking needs no counting of references.
struct EventMemberTable: @unchecked Sendable {
    private struct Slot {
        /// Of no size where the slot is free.
        var print = NamePrint()
        /// Its object's raw value, the highest number for the event's own.
        var parent = UInt8.max
        var member = EventMember.id
    }

    static let shared = EventMemberTable()

    private static let size = 256
    private let slots: UnsafeMutablePointer<Slot>

    private init() {
        slots = .allocate(capacity: Self.size)
        slots.initialize(repeating: Slot(), count: Self.size)
        for member in EventMember.allCases {
            let print = NamePrint(member.name)
            let parent = Self.number(of: member.parent)
            var slot = Self.slot(print, parent)
            while slots[slot].print.size > 0 { slot = (slot + 1) & (Self.size - 1) }
            slots[slot] = Slot(print: print, parent: parent, member: member)
        }
    }

    /// The member of that name which stands in `parent`.
    @inline(__always)
    func member(named name: UnsafeRawBufferPointer, in parent: EventMember?) -> EventMember? {
        let print = NamePrint(name)
        guard print.size > 0 else { return nil }
        let parent = Self.number(of: parent)
        var slot = Self.slot(print, parent)
        while slots[slot].print.size > 0 {
            if slots[slot].print == print, slots[slot].parent == parent { return slots[slot].member }
            slot = (slot &+ 1) & (Self.size - 1)
        }
        return nil
    }

    @inline(__always)
    private static func number(of parent: EventMember?) -> UInt8 { parent?.rawValue ?? .max }

    @inline(__always)
    private static func slot(_ print: NamePrint, _ parent: UInt8) -> Int {
        let mixed = (print.first ^ (print.last &* 3) ^ UInt64(parent) << 17) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 56) & (size - 1)
    }
}

/// A name's first and last bytes as numbers, which overlap in the middle: two names of up to 24 bytes are the same
/// where their prints are.
private struct NamePrint: Equatable {
    private static let longest = 24

    private(set) var size = 0
    private(set) var first: UInt64 = 0
    private(set) var middle: UInt64 = 0
    private(set) var last: UInt64 = 0

    /// Of a name that no member has.
    init() {}

    @inline(__always)
    init(_ name: UnsafeRawBufferPointer) {
        guard let start = name.baseAddress, name.count > 0, name.count <= Self.longest else { return }
        size = name.count
        switch size {
        case 8...:
            first = start.loadUnaligned(as: UInt64.self)
            last = start.loadUnaligned(fromByteOffset: size &- 8, as: UInt64.self)
            if size > 16 { middle = start.loadUnaligned(fromByteOffset: 8, as: UInt64.self) }
        case 4...:
            first = UInt64(start.loadUnaligned(as: UInt32.self))
            last = UInt64(start.loadUnaligned(fromByteOffset: size &- 4, as: UInt32.self))
        case 2...:
            first = UInt64(start.loadUnaligned(as: UInt16.self))
            last = UInt64(start.loadUnaligned(fromByteOffset: size &- 2, as: UInt16.self))
        default: first = UInt64(name[0])
        }
    }
}
