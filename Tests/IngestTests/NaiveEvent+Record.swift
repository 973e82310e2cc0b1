import EventModel
import Foundation

@testable import Ingest

extension NaiveEvent {
    /// Where a decoded record is not what the specification makes of the event; empty where all is as it should be.
    func differences(from event: Event) -> [String] {
        var found: [String] = []
        func compare<T: Equatable>(_ name: String, _ ours: T?, _ theirs: T?) {
            if ours != theirs {
                found.append("\(name): \(theirs.map { "\($0)" } ?? "none"), expected \(ours.map { "\($0)" } ?? "none")")
            }
        }
        let texts = expectedTexts
        for (name, text) in recordTexts(event) { compare(name, texts[name], text.map { Array($0.utf8) }) }
        compare("timestamp", timestamp, event.timestamp.milliseconds)
        compare("received_at", sending.receivedAt, event.receivedAt.milliseconds)
        compare("project", TestServer.project, event.projectID)
        compare("bot", sending.isBot, event.isBot)
        compare("gpc", isPrivate, event.isPrivate)
        compare("coordinates", pair("coordinates").map { Event.Coordinates(x: $0, y: $1) }, event.coordinates)
        compare("viewport", pair("viewport_size").map { Event.Viewport(width: $0, height: $1) }, event.viewport)
        compare("hesitation", value("event_data.hesitation_ms").flatMap(Self.whole), event.hesitationMilliseconds)
        compare("percentage", value("event_data.percentage")?.number, event.scrollPercentage)
        compare("funnel.order", isPrivate ? nil : value("funnel.order").flatMap(Self.whole), event.funnel?.order)
        let properties = isPrivate ? [] : value("properties")?.members ?? []
        compare("property names", properties.map(\.name.text), event.properties.map { Array($0.name.utf8) })
        compare(
            "property values", properties.map { Self.propertyText($0.value) },
            event.properties.map { Array($0.value.utf8) })
        compare("event_data", value("event_data")?.source ?? Array("{}".utf8), Array(event.eventData.utf8))
        compareMetadata(event, &found)
        compareID(event, &found)
        return found
    }

    private func recordTexts(_ event: Event) -> [(String, String?)] {
        [
            ("event_type", event.eventType), ("user_id", event.userID), ("session_id", event.sessionID),
            ("url", event.pageURL), ("referrer", event.referrer), ("user_agent", event.userAgent),
            ("ip_hash", event.ipHash), ("device_type", event.deviceType), ("country", event.countryCode),
            ("element_path", event.elementPath), ("element_type", event.elementType),
            ("element_text", event.elementText), ("component_id", event.componentID),
            ("session.landing_page", event.landingPage), ("session.screen_resolution", event.screenResolution),
            ("session.language", event.language), ("exit.page", event.exit?.page),
            ("exit.reason", event.exit?.reason.rawValue), ("funnel.name", event.funnel?.name),
            ("funnel.step", event.funnel?.step), ("variant.test_id", event.variant?.testID),
            ("variant.variant", event.variant?.variant),
        ]
    }

    private var expectedTexts: [String: [UInt8]] {
        func sent(_ path: String) -> [UInt8]? { value(path).map(\.text).flatMap { $0.isEmpty ? nil : $0 } }
        func url(_ path: String) -> [UInt8]? { sent(path).map { clean($0) } }
        func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }
        var texts: [String: [UInt8]] = [:]
        for path in ["event_type", "element_path", "element_type", "component_id"] { texts[path] = sent(path) }
        texts["url"] = url("url") ?? url("page_url") ?? []
        texts["referrer"] = url("referrer")
        guard !isPrivate else { return texts }
        for path in [
            "session_id", "element_text", "session.screen_resolution", "session.language", "exit.reason",
            "variant.test_id", "variant.variant",
        ] { texts[path] = sent(path) }
        for path in ["funnel.name", "funnel.step"] { texts[path] = value(path)?.text }
        for path in ["session.landing_page", "exit.page"] { texts[path] = url(path) }
        texts["user_id"] = sent("user_id") ?? (sending.isPublicKey ? bytes(sending.visitorID) : nil)
        texts["user_agent"] = bytes(sending.userAgent)
        texts["ip_hash"] = bytes(sending.ipHash)
        texts["device_type"] = sent("session.device_type") ?? bytes(sending.deviceType)
        return texts
    }

    private func pair(_ parent: String) -> (Double, Double)? {
        let names = Self.inner[parent, default: []]
        guard let first = value("\(parent).\(names[0])"), let second = value("\(parent).\(names[1])") else {
            return nil
        }
        return (first.number, second.number)
    }

    /// Of the query `utm_*`, `ref` and what the project names; of the fragment what is a route, its query likewise.
    private func clean(_ url: [UInt8]) -> [UInt8] {
        let text = String(decoding: url, as: UTF8.self)
        let parts = Self.split(text, at: "#")
        var cleaned = cleanQuery(Self.withoutUser(parts.0))
        if let fragment = parts.1, ["/", "!"].contains(fragment.unicodeScalars.first) {
            cleaned += "#" + cleanQuery(fragment)
        }
        return Array(cleaned.utf8)
    }

    /// Without `user:word@` before the host, which is there behind the slashes as browsers read them: of the web's own
    /// schemes, and without a scheme, any number of either kind.
    private static func withoutUser(_ text: String) -> String {
        let web = #/[\x00-\x20]*(?:(?:https?|wss?|ftp):[\/\\]*|[\/\\]{2,})/#.ignoresCase()
        let other = #/[\x00-\x20]*[a-z][a-z0-9+.\-]*:\/\//#.ignoresCase()
        let isWeb = text.prefixMatch(of: web.matchingSemantics(.unicodeScalar)) != nil
        let form = (isWeb ? web : other).matchingSemantics(.unicodeScalar)
        guard let start = text.prefixMatch(of: form)?.range.upperBound else { return text }
        let rest = text.unicodeScalars[start...]
        let host = rest.prefix { $0 != "/" && $0 != "?" && !(isWeb && $0 == "\\") }
        guard let mark = host.lastIndex(of: "@") else { return text }
        return String(text[..<start]) + String(rest[rest.index(after: mark)...])
    }

    private func cleanQuery(_ text: String) -> String {
        let (path, query) = Self.split(text, at: "?")
        guard let query, !isPrivate else { return path }
        let kept = query.unicodeScalars.split(separator: "&").map { String($0) }.filter { parameter in
            let name = Self.split(parameter, at: "=").0
            let isNamed = sending.keepQuery.contains { $0 == "*" || $0.utf8.elementsEqual(name.utf8) }
            return !name.isEmpty
                && (name == "ref" || name.utf8.starts(with: "utm_".utf8) || isNamed)
        }
        return kept.isEmpty ? path : path + "?" + kept.joined(separator: "&")
    }

    private static func split(_ text: String, at mark: Unicode.Scalar) -> (String, String?) {
        let parts = text.unicodeScalars.split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
    }

    /// The members sent in `metadata` as they came, then those nobody knows, in their order; those of an object by
    /// their path. What Global Privacy Control keeps out does not come in this way.
    private func compareMetadata(_ event: Event, _ found: inout [String]) {
        var expected = (value("metadata")?.members ?? []).map { Array($0.name.source) + $0.value.source }
        let hidden = isPrivate ? ["session", "exit", "funnel", "variant"] : []
        var unknown = 0
        for member in tree.members {
            let name = member.name.string
            if !Self.top.contains(name) {
                unknown += 1
                expected.append(member.name.source + member.value.source)
            } else if let known = Self.inner[name], name != "event_data", !hidden.contains(name) {
                for inner in member.value.members where !known.contains(inner.name.string) {
                    unknown += 1
                    expected.append(Array("\"\(name).".utf8) + inner.name.source.dropFirst() + inner.value.source)
                }
            }
        }
        guard let metadata = try? NaiveJSON.read(Array(event.metadata.utf8)) else {
            found.append("metadata is not JSON: \(event.metadata)")
            return
        }
        let members = metadata.members.map { $0.name.source + $0.value.source }
        if members != expected { found.append("metadata: \(event.metadata)") }
        if unknown == 0, Array(event.metadata.utf8) != value("metadata")?.source ?? Array("{}".utf8) {
            found.append("metadata is not as it came: \(event.metadata)")
        }
    }

    private func compareID(_ event: Event, _ found: inout [String]) {
        if let id = value("id") {
            if event.id.description != id.string.lowercased() { found.append("id: \(event.id)") }
        } else if event.id.high >> 12 & 0xF != 7 || Int64(event.id.high >> 16) != sending.receivedAt
            || event.id.low >> 62 != 2
        {
            found.append("id is no UUIDv7 of the time received: \(event.id)")
        }
    }
}
