import EventModel
import FoundationEssentials

/// What the daemon says of itself in `status/millraced.json`.
struct DaemonStatus: Decodable {
    let pid: Int32
    let startedAt: String
    let lastSequence: UInt64
    let durableSequence: UInt64
    /// Why the log takes nothing; nil while it does.
    let logRefusal: String?
    /// Of the projects and keys that it knows; nil where it is of a version that doesn't say.
    let snapshotVersion: Int64?
    let beacons: Beacons
    let refusals: [String: Int]
    let listeners: [String]
    /// What the operator should know of how it was started; nil of a version that doesn't say.
    let warnings: [String]?
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
        case pid, beacons, refusals, listeners, warnings
        case startedAt = "started_at"
        case lastSequence = "last_sequence"
        case durableSequence = "durable_sequence"
        case logRefusal = "log_refusal"
        case snapshotVersion = "snapshot_version"
        case lastError = "last_error"
    }

    /// Nil where it never ran here, or what it wrote cannot be read.
    static func read(directory: String) -> DaemonStatus? { StatusFile.read(of: "millraced", in: directory) }

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

    static func read(directory: String) -> LoaderStatus? { StatusFile.read(of: "millrace-load", in: directory) }

    var isRunning: Bool { ProcessTable.isRunning(pid) && ProcessTable.program(pid) == "millrace-load" }
}

/// What a long-lived program says of itself: `status/<program>.json`, written when it works.
enum StatusFile {
    static func path(of program: String, in directory: String) -> String { "\(directory)/\(program).json" }

    /// Nil where it says nothing, or nothing that can be read.
    static func read<Content: Decodable>(of program: String, in directory: String) -> Content? {
        guard let text = try? TextFile.read(path(of: program, in: directory)) else { return nil }
        return try? JSONDecoder().decode(Content.self, from: Data(text.utf8))
    }

    /// The process that wrote it last.
    static func pid(of program: String, in directory: String) -> Int32? {
        struct Content: Decodable { let pid: Int32 }
        let content: Content? = read(of: program, in: directory)
        return content?.pid
    }
}
