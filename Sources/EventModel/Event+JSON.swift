extension Event {
    /// Writes the event as a beacon's JSON object: the members that a sender may name, then what the daemon added.
    /// Members without a value are left out. `name`: as a member of the object that is open.
    package func write(to json: inout JSONWriter, as name: String? = nil) {
        json.object(name) { json in
            json.member("id", id.description)
            json.member("event_type", eventType)
            json.optional("user_id", userID)
            json.optional("session_id", sessionID)
            json.member("timestamp", timestamp.description)
            json.member("url", pageURL)
            json.optional("referrer", referrer)
            writeElement(to: &json)
            json.member("event_data", json: eventData)
            json.member("metadata", json: metadata)
            writeProperties(to: &json)
            writeSession(to: &json)
            writeParts(to: &json)
            json.optional("user_agent", userAgent)
            json.optional("ip_hash", ipHash)
            json.optional("country_code", countryCode)
            if isPrivate { json.member("gpc", true) }
            if isBot { json.member("bot", true) }
        }
    }

    private func writeElement(to json: inout JSONWriter) {
        json.optional("element_path", elementPath)
        json.optional("element_type", elementType)
        json.optional("element_text", elementText)
        json.optional("component_id", componentID)
        if let coordinates {
            json.object("coordinates") { json in
                json.member("x", coordinates.x)
                json.member("y", coordinates.y)
            }
        }
        if let viewport {
            json.object("viewport_size") { json in
                json.member("width", viewport.width)
                json.member("height", viewport.height)
            }
        }
    }

    private func writeProperties(to json: inout JSONWriter) {
        guard !properties.isEmpty else { return }
        json.object("properties") { json in
            for property in properties { json.member(property.name, property.value) }
        }
    }

    private func writeSession(to json: inout JSONWriter) {
        guard landingPage != nil || screenResolution != nil || language != nil || deviceType != nil else { return }
        json.object("session") { json in
            json.optional("landing_page", landingPage)
            json.optional("screen_resolution", screenResolution)
            json.optional("language", language)
            json.optional("device_type", deviceType)
        }
    }

    private func writeParts(to json: inout JSONWriter) {
        if let exit {
            json.object("exit") { json in
                json.optional("page", exit.page)
                json.member("reason", exit.reason.rawValue)
            }
        }
        if let funnel {
            json.object("funnel") { json in
                json.member("name", funnel.name)
                json.member("step", funnel.step)
                json.member("order", funnel.order)
            }
        }
        if let variant {
            json.object("variant") { json in
                json.member("test_id", variant.testID)
                json.member("variant", variant.variant)
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func optional(_ name: String, _ value: String?) {
        if let value { member(name, value) }
    }
}
