import ControlStore
import EventModel
import Warehouse

/// The names of events that each project has used on each UTC day. What comes beyond the most that a day may have is
/// kept as `(other)`, with its own name in `metadata.event_type`: a public key must not be able to make names
/// without end.
struct EventNames {
    static let other = "(other)"
    /// The names of behaviour: views and sessions need them.
    static let reserved: Set<String> = [
        "click", "scroll", "hover", "rage_click", "hesitation", "form_start", "form_abandon", "form_submit", "error",
        "page_view", "time_on_element", "scroll_depth",
    ]
    /// Names and days held in memory between two batches; beyond, all are read anew.
    private static let maxHeld = 200_000

    /// A name used for the first time; it counts once its batch is committed.
    struct NewName {
        let project: ProjectID
        let day: Day
        let name: String
    }

    private struct Key: Hashable {
        let project: ProjectID
        let day: Day
    }

    private var days: [Key: Set<String>] = [:]

    /// Renames the events of a batch that come beyond the most, and names those that are new.
    mutating func check(_ batch: inout IdentifiedBatch, store: ControlStore, maximum: Int) throws {
        if days.values.reduce(days.count, { $0 + $1.count }) > Self.maxHeld { days.removeAll() }
        // The set of the day at hand is kept out of the dictionary: most events are of the same day as the last one.
        var place: Int32 = -1
        var key: Key?
        var used: Set<String> = []
        for index in batch.events.indices where !Self.reserved.contains(batch.events[index].event.eventType) {
            let day = batch.events[index].event.timestamp.day
            if place != batch.projectOf[index] || key?.day != day {
                if let key { days[key] = used }
                place = batch.projectOf[index]
                let next = Key(project: batch.projects[Int(place)], day: day)
                used = try days.removeValue(forKey: next) ?? store.read { try $0.eventNames(of: next.project, on: day) }
                key = next
            }
            let name = batch.events[index].event.eventType
            guard let key, !used.contains(name) else { continue }
            if used.count < maximum {
                used.insert(name)
                batch.newNames.append(NewName(project: key.project, day: key.day, name: name))
            } else {
                batch.events[index].event.rename()
                batch.otherNames[Int(place), default: 0] += 1
            }
        }
        if let key { days[key] = used }
    }

    /// Forgets everything, so that only what is committed counts: after a batch that failed.
    mutating func reset() { days.removeAll() }
}

extension Event {
    /// Puts the event under `(other)`.
    fileprivate mutating func rename() {
        let member = "{\"event_type\":" + JSONWriter.quoted(eventType)
        let rest = metadata.drop { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" }.dropFirst()
        let isEmpty = rest.first { $0 != " " && $0 != "\n" && $0 != "\t" && $0 != "\r" } == "}"
        metadata = isEmpty ? member + "}" : member + "," + rest
        eventType = EventNames.other
    }
}
