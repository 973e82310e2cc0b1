import EventModel
import FoundationEssentials

/// What the loader says of itself in its status file.
package struct LoaderStatus: Codable, Sendable, Equatable {
    /// How long the oldest event that is not loaded yet has waited; nil where the loader does not say.
    package let lagSeconds: Double?
    /// The last record of the log that is loaded.
    package let loadedSequence: UInt64?
    /// When the loader wrote this.
    package let updatedAt: String?

    enum CodingKeys: String, CodingKey {
        case lagSeconds = "lag_seconds"
        case loadedSequence = "loaded_sequence"
        case updatedAt = "updated_at"
    }

    /// Nil where there is no status file, or one that cannot be read: the loader never ran here.
    package static func read(directory: String) -> LoaderStatus? {
        guard let data = FileManager.default.contents(atPath: "\(directory)/millrace-load.json") else { return nil }
        return try? JSONDecoder().decode(LoaderStatus.self, from: data)
    }
}
