import ControlStore
import EventModel
import FoundationEssentials
import Warehouse

extension DeadLetter {
    /// A record that cannot be read.
    init(broken record: EventBatch.BrokenRecord) {
        self.init(
            projectID: "", kind: .record, reason: record.reason, sequence: record.sequence,
            payload: "{\"record\":\"\(Data(record.bytes).base64EncodedString())\"}")
    }

    /// An event whose project does not exist.
    init(ownerless event: StoredEvent) {
        var json = JSONWriter()
        json.object { json in
            json.member("project_id", event.event.projectID.rawValue)
            json.member("id", event.event.id.description)
            json.member("event_type", event.event.eventType)
            json.member("record", Data(event.event.encoded()).base64EncodedString())
        }
        self.init(
            projectID: "", kind: .record,
            reason: "there is no project \(event.event.projectID); create it, or drop what was sent to it",
            sequence: event.sequence, payload: json.text)
    }

    /// A part of an event that is itself kept: `members` writes the part's own members.
    init(_ kind: Kind, of event: PartOrigin, reason: String, members: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.object { json in
            json.member("event_id", event.eventID.description)
            json.member("session_id", event.sessionID)
            json.member("timestamp", event.position.time.description)
            members(&json)
        }
        self.init(
            projectID: event.project.rawValue, kind: kind, reason: reason, sequence: event.position.sequence,
            payload: json.text)
    }
}

/// The event that a funnel step or a variant came with.
struct PartOrigin {
    var project: ProjectID
    var eventID: EventID
    var position: EventPosition
    var sessionID: String?
}
