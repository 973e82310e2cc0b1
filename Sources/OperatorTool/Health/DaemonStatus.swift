import EventModel
import FoundationEssentials

/// What the daemon says of itself in `status/millraced.json`.
struct DaemonStatus: Decodable {
    let pid: Int32
    let startedAt: String
    let lastSequence: UInt64
    let durableSequence: UInt64
    let beacons: Beacons
    let refusals: [String: Int]
    let listeners: [String]
    let lastError: String?

    struct Beacons: Decodable {
        let accepted: Int
        let duplicate: Int
        let bot: Int
        let invalid: Int
        let limited: Int
        let unavailable: Int
        let since: String
    }

    enum CodingKeys: String, CodingKey {
        case pid, beacons, refusals, listeners
        case startedAt = "started_at"
        case lastSequence = "last_sequence"
        case durableSequence = "durable_sequence"
        case lastError = "last_error"
    }

    /// Nil where it never ran here, or what it wrote cannot be read.
    static func read(directory: String) -> DaemonStatus? { StatusFile.read("\(directory)/millraced.json") }

    var isRunning: Bool { ProcessTable.isRunning(pid) && ProcessTable.program(pid) == "millraced" }
}

/// What the loader says of itself in `status/millrace-load.json`.
struct LoaderStatus: Decodable {
    let pid: Int32
    let lagSeconds: Double?
    let lastError: String?

    enum CodingKeys: String, CodingKey {
        case pid
        case lagSeconds = "lag_seconds"
        case lastError = "last_error"
    }

    static func read(directory: String) -> LoaderStatus? { StatusFile.read("\(directory)/millrace-load.json") }

    var isRunning: Bool { ProcessTable.isRunning(pid) && ProcessTable.program(pid) == "millrace-load" }
}

private enum StatusFile {
    static func read<Content: Decodable>(_ path: String) -> Content? {
        guard let text = try? TextFile.read(path) else { return nil }
        return try? JSONDecoder().decode(Content.self, from: Data(text.utf8))
    }
}
