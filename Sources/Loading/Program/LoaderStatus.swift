import EventModel
import FoundationEssentials
import Glibc

/// What `status/millrace-load.json` says: one object, replaced by rename at most once a second.
struct LoaderStatus: Codable, Equatable {
    var program = "millrace-load"
    var pid = Int(getpid())
    /// ISO 8601, as all times here.
    var startedAt: String
    var updatedAt: String
    var loadedSequence: UInt64 = 0
    /// The age of the oldest record that is read and not loaded; 0 where there is none.
    var lagSeconds: Double = 0
    var eventsPerSecond: Double = 0
    var events = 0
    var duplicates = 0
    var deadLetters = 0
    /// Why loading stands still; null while it does not.
    var lastError: String?
    var lastErrorAt: String?

    enum CodingKeys: String, CodingKey {
        case program, pid, events, duplicates
        case startedAt = "started_at"
        case updatedAt = "updated_at"
        case loadedSequence = "loaded_sequence"
        case lagSeconds = "lag_seconds"
        case eventsPerSecond = "events_per_second"
        case deadLetters = "dead_letters"
        case lastError = "last_error"
        case lastErrorAt = "last_error_at"
    }
}

/// Keeps the status file up to date.
struct LoaderStatusFile {
    private static let interval: Duration = .seconds(1)
    /// Events a second are those of this long.
    private static let rateSeconds = 10.0

    private let directory: String
    private let clock: Clock
    private var status: LoaderStatus
    private var lastWritten: ContinuousClock.Instant?
    private var rateSince = ContinuousClock.now
    private var rateEvents = 0

    init(directory: String, clock: Clock) {
        self.directory = directory
        self.clock = clock
        let now = clock.now().description
        status = LoaderStatus(startedAt: now, updatedAt: now)
    }

    mutating func loaded(_ batch: LoadedBatch) {
        status.events += batch.events
        status.duplicates += batch.duplicates
        status.deadLetters += batch.deadLetters
        rateEvents += batch.events
        status.lastError = nil
    }

    mutating func failed(_ error: any Error) {
        status.lastError = "\(error)"
        status.lastErrorAt = clock.now().description
    }

    /// Writes the file where the last time is a second ago. What cannot be written is left: it is for people, and
    /// says nothing that the database does not.
    mutating func write(checkpoint: UInt64, waitingSince: Timestamp?, now isDue: Bool = false) {
        if !isDue, let lastWritten, lastWritten.duration(to: .now) < Self.interval { return }
        lastWritten = .now
        status.loadedSequence = checkpoint
        status.updatedAt = clock.now().description
        status.lagSeconds = waitingSince.map { max(0, (clock.now() - $0).fractionalSeconds) } ?? 0
        let seconds = rateSince.duration(to: .now).fractionalSeconds
        status.eventsPerSecond = (Double(rateEvents) / max(seconds, 1)).rounded()
        if seconds >= Self.rateSeconds {
            rateSince = .now
            rateEvents = 0
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(status) else { return }
        let path = directory + "/millrace-load.json"
        try? AtomicFile.makeDirectory(of: path)
        try? AtomicFile.replace(path, with: Array(text), mode: 0o640, isDurable: false)
    }
}
