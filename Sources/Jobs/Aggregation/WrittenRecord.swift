import EventModel
import FoundationEssentials

/// What is read back from a record that an earlier run wrote.
enum WrittenRecord {
    private struct Members: Decodable {
        struct Sources: Decodable {
            struct Own: Decodable { var as_of: String? }

            var own: Own?
        }

        var sources: Sources?
    }

    /// The time up to which the record holds the system's own events; nil where it does not say.
    static func loadedTo(of json: String) -> Timestamp? {
        let members = try? JSONDecoder().decode(Members.self, from: Data(json.utf8))
        return (members?.sources?.own?.as_of).flatMap { Timestamp($0) }
    }
}
