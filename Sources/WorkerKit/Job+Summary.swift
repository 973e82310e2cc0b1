import ControlStore
import JobQueue

extension Job {
    /// What people want to know of a job that ended, as a JSON object in one line.
    var summaryJSON: String {
        struct Summary: Encodable {
            let id, kind, slot, state, message: String
            let attempt: Int
        }
        let summary = Summary(
            id: id.rawValue, kind: kind.rawValue, slot: slot, state: state.rawValue, message: message,
            attempt: attempt)
        guard let text = try? JSONText.encode(summary) else { return "{}" }
        // The result is JSON already: it goes in as it is.
        return text.dropLast() + ",\"result\":\(result ?? "null")}"
    }
}
