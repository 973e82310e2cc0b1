import ControlStore
import EventModel
import FoundationEssentials
import Warehouse

/// Texts as JSON, written by hand where an encoder would be too much.
enum JSONLiteral {
    /// The text in quotes. Source of what must be escaped: RFC 8259, section 7.
    static func text(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }

    /// The text in quotes, or null.
    static func optional(_ text: String?) -> String { text.map(Self.text) ?? "null" }
}

extension DeadLetter {
    /// A record that cannot be read.
    init(broken record: EventBatch.BrokenRecord) {
        self.init(
            projectID: "", kind: .record, reason: record.reason, sequence: record.sequence,
            payload: "{\"record\":\"\(Data(record.bytes).base64EncodedString())\"}")
    }

    /// An event whose project does not exist.
    init(ownerless event: StoredEvent) {
        let record = Data(event.event.encoded()).base64EncodedString()
        self.init(
            projectID: "", kind: .record,
            reason: "there is no project \(event.event.projectID); create it, or drop what was sent to it",
            sequence: event.sequence,
            payload: """
                {"project_id":\(JSONLiteral.text(event.event.projectID.rawValue)),"id":"\(event.event.id)",\
                "event_type":\(JSONLiteral.text(event.event.eventType)),"record":"\(record)"}
                """)
    }

    /// A part of an event that is itself kept: `members` are the part's JSON members.
    init(_ kind: Kind, of event: PartOrigin, reason: String, members: String) {
        self.init(
            projectID: event.project.rawValue, kind: kind, reason: reason, sequence: event.position.sequence,
            payload: """
                {"event_id":"\(event.eventID)","session_id":\(JSONLiteral.optional(event.sessionID)),\
                "timestamp":"\(event.position.time)",\(members)}
                """)
    }
}

/// The event that a funnel step or a variant came with.
struct PartOrigin {
    var project: ProjectID
    var eventID: EventID
    var position: EventPosition
    var sessionID: String?
}
