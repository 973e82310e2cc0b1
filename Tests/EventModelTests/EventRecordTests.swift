import EventModel
import Testing

@Suite struct EventRecordTests {
    static func full() -> Event {
        var event = Event(
            id: EventID(high: 0x018c_0000_0000_7000, low: 0x8000_0000_0000_0001),
            projectID: ProjectID(rawValue: "proj_0123456789ab"), receivedAt: Timestamp(milliseconds: 1_700_000_000_123),
            timestamp: Timestamp(milliseconds: -5), eventType: "purchase", pageURL: "https://example.com/ü?ref=a")
        event.userID = "v_1"
        event.sessionID = "s_1"
        event.referrer = "https://a.example/"
        event.userAgent = "Mozilla/5.0"
        event.ipHash = "ab12"
        event.deviceType = "mobile"
        event.countryCode = "DE"
        event.isBot = true
        event.isPrivate = true
        event.elementPath = "main > button"
        event.elementType = "button"
        event.elementText = "Kaufen 🛒"
        event.componentID = "hero"
        event.coordinates = Event.Coordinates(x: 1.5, y: -2)
        event.viewport = Event.Viewport(width: 1_280, height: 720)
        event.eventData = "{\"hesitation_ms\":2300}"
        event.hesitationMilliseconds = 2_300
        event.scrollPercentage = 87.5
        event.metadata = "{\"a\":[1,2]}"
        event.properties = [.init(name: "plan", value: "pro"), .init(name: "revenue", value: "12.50")]
        event.landingPage = "https://example.com/"
        event.screenResolution = "2560x1440"
        event.language = "en-GB"
        event.exit = Event.Exit(page: "https://example.com/bye", reason: .close)
        event.funnel = Event.FunnelStep(name: "lead_capture", step: "form", order: 2)
        event.variant = Event.Variant(testID: "hero_cta", variant: "B")
        return event
    }

    private func decoded(_ bytes: [UInt8]) throws -> Event {
        try bytes.withUnsafeBytes { try Event(record: $0) }
    }

    @Test func `an event with every member comes back the same`() throws {
        #expect(try decoded(Self.full().encoded()) == Self.full())
    }

    @Test func `an event with none of the optional members comes back the same`() throws {
        let event = Event(
            id: .version7(at: Timestamp(milliseconds: 1)), projectID: .random(), receivedAt: Timestamp(milliseconds: 2),
            timestamp: Timestamp(milliseconds: 3), eventType: "page_view")
        #expect(try decoded(event.encoded()) == event)
    }

    @Test func `a record cut anywhere is an error or an event, never a crash`() {
        let bytes = Self.full().encoded()
        for size in 0..<bytes.count {
            let event = try? decoded(Array(bytes.prefix(size)))
            if let event { #expect(event.id == Self.full().id) }
        }
    }

    @Test func `a record with any byte changed is an error or an event, never a crash`() {
        let bytes = Self.full().encoded()
        for offset in bytes.indices {
            for flip: UInt8 in [0x01, 0x80, 0xFF] {
                var changed = bytes
                changed[offset] ^= flip
                _ = try? decoded(changed)
            }
        }
    }

    @Test func `a tag of a later version is passed over`() throws {
        var bytes = Self.full().encoded()
        bytes += [250, 3, 0, 0, 0, 1, 2, 3]
        #expect(try decoded(bytes) == Self.full())
    }

    @Test func `a record of another version is refused`() {
        var bytes = Self.full().encoded()
        bytes[0] = 2
        let error = #expect(throws: EventRecordError.self) { try decoded(bytes) }
        #expect(error?.code == .unknownVersion)
    }
}

@Suite struct IdentifierTests {
    @Test func `a UUID is read in either case and written in lower case`() {
        let text = "018C2F4E-9b1a-7abc-8def-0123456789AB"
        #expect(EventID(text)?.description == text.lowercased())
    }

    @Test(arguments: [
        "", "018c2f4e9b1a7abc8def0123456789ab", "018c2f4e-9b1a-7abc-8def-0123456789a",
        "018c2f4e-9b1a-7abc-8def-0123456789ag",
        "018c2f4e-9b1a-7abc-8def0-123456789ab", "{18c2f4e-9b1a-7abc-8def-0123456789ab",
    ])
    func `what is not a UUID is refused`(text: String) {
        #expect(EventID(text) == nil)
    }

    @Test func `a version 7 id begins with its time and has its version and variant`() {
        let id = EventID.version7(at: Timestamp(milliseconds: 0x018c_2f4e_9b1a)).description
        #expect(id.hasPrefix("018c2f4e-9b1a-7"))
        #expect("89ab".contains(id[id.index(id.startIndex, offsetBy: 19)]))
    }

    @Test func `random ids have the one form`() {
        let id = ProjectID.random().rawValue
        #expect(id.count == 17 && id.hasPrefix("proj_"))
        #expect(id.dropFirst(5).allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(JobID.random().rawValue.hasPrefix("job_"))
        #expect(ProjectID.random() != ProjectID.random())
    }
}
