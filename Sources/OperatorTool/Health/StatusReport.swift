import ControlStore
import EventModel
import FoundationEssentials
import Glibc
import JobQueue
import KeyValue
import WriteAheadLog

/// All that `millrace status` shows, gathered without any program's help: it works while nothing runs.
struct StatusReport {
    struct Disk: Equatable {
        let freeBytes: UInt64
        let totalBytes: UInt64
    }

    let now: Timestamp
    let daemon: DaemonStatus?
    let loader: LoaderStatus?
    let log: LogStatus?
    let loadedSequence: UInt64?
    let lagSeconds: Double?
    let jobs: [Job]
    /// `funnel:live`'s member `sources`, JSON; `{}` before the first aggregation.
    let sources: String
    /// The same in a few words: `clarity off, ga4 off, own ok at 2025-01-01T12:00:00Z`.
    var sourceStates: String {
        struct Source: Decodable {
            var state: String
            var as_of: String?
        }
        let found = (try? JSONDecoder().decode([String: Source].self, from: Data(sources.utf8))) ?? [:]
        let states = found.keys.sorted().compactMap { name -> String? in
            guard let source = found[name] else { return nil }
            guard let time = source.as_of else { return "\(name) \(source.state)" }
            return "\(name) \(source.state) at \(time)"
        }
        return states.joined(separator: ", ")
    }
    let counters: [LoadCounter: Int]
    let deadLetters: Int
    let eventFiles: Int
    let eventBytes: Int64
    let disk: Disk?
    /// Why the control database says nothing.
    let storeError: String?

    private struct Stored {
        var loaded: LoadCheckpoint?
        var sources = "{}"
        var counters: [LoadCounter: Int] = [:]
        var deadLetters = 0
        var files: (count: Int, bytes: Int64) = (0, 0)
    }

    init(_ tool: Tool) {
        now = Clock.system.now()
        daemon = DaemonStatus.read(directory: tool.configuration.statusDirectory)
        loader = LoaderStatus.read(directory: tool.configuration.statusDirectory)
        log = try? LogDirectory.status(tool.configuration.logDirectory)
        disk = Self.disk(of: tool.configuration.dataDirectory)
        var stored = Stored()
        var jobs: [Job] = []
        var failure: String?
        do {
            let store = try tool.store()
            stored = try store.read(Self.stored)
            jobs = try tool.queue(store).list(limit: 10)
        } catch {
            failure = "\(error)"
        }
        self.jobs = jobs
        storeError = failure
        sources = stored.sources
        counters = stored.counters
        deadLetters = stored.deadLetters
        eventFiles = stored.files.count
        eventBytes = stored.files.bytes
        loadedSequence = stored.loaded?.sequence
        lagSeconds = Self.lag(log: log, loaded: stored.loaded, loader: loader, now: now)
    }

    /// 0 where all is loaded; where the loader doesn't say, the time since it last loaded something.
    private static func lag(
        log: LogStatus?, loaded: LoadCheckpoint?, loader: LoaderStatus?, now: Timestamp
    ) -> Double? {
        guard let log else { return nil }
        if (loaded?.sequence ?? 0) >= log.lastSequence { return 0 }
        if let loader, loader.isRunning, let lag = loader.lagSeconds { return lag }
        let since = loaded?.updatedAt ?? log.segments.first?.createdAt ?? now
        return max(0, (now - since).fractionalSeconds)
    }

    private static func stored(_ transaction: StoreTransaction) throws -> Stored {
        var stored = Stored()
        stored.loaded = try transaction.loadCheckpoint()
        if let live = try KeyValueStore(namespace: "FUNNEL_DATA").get("funnel:live", in: transaction) {
            stored.sources = JSONMember.named("sources", of: live.json) ?? "{}"
        }
        for (_, counter, value) in try transaction.loadCounters() { stored.counters[counter, default: 0] += value }
        stored.deadLetters = try transaction.count(of: "dead_letters")
        stored.files = try transaction.currentEventFiles()
        return stored
    }

    private static func disk(of path: String) -> Disk? {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return nil }
        let block = UInt64(facts.f_frsize)
        return Disk(freeBytes: UInt64(facts.f_bavail) * block, totalBytes: UInt64(facts.f_blocks) * block)
    }

    /// The same in one line.
    var line: String {
        guard let daemon, daemon.isRunning else { return "daemon not running" }
        let jobsRunning = jobs.filter { $0.state == .running }.count
        var parts = [
            "daemon ok", "\(Display.number(daemon.beacons.accepted)) accepted",
            "lag \(lagSeconds.map { Display.duration(seconds: $0) } ?? "unknown")",
            "\(jobsRunning) jobs running",
        ]
        if daemon.logRefusal != nil { parts[0] = "daemon REFUSES beacons: see millrace status" }
        if deadLetters > 0 { parts.append("\(deadLetters) dead letters") }
        if loader?.isRunning != true { parts.append("loader not running") }
        return parts.joined(separator: " · ")
    }
}

/// One member of a JSON object, as it stands there.
enum JSONMember {
    static func named(_ name: String, of json: String) -> String? {
        var json = json
        return json.withUTF8 { bytes in
            var scanner = JSONScanner(UnsafeRawBufferPointer(bytes), maximumDepth: JSONScanner.deepestLimit)
            return try? member(name, &scanner)
        }
    }

    private static func member(_ name: String, _ scanner: inout JSONScanner) throws -> String? {
        try scanner.openObject()
        while let found = try scanner.nextMember() {
            let isIt = scanner.text(of: found) == name
            let value = try scanner.value()
            if isIt { return String(decoding: scanner.source(of: value), as: UTF8.self) }
        }
        return nil
    }
}

/// What other commands ask of the log.
enum LogFacts {
    static func lastSequence(_ directory: String) throws(LogError) -> UInt64 {
        try LogDirectory.status(directory).lastSequence
    }

    /// Up to which number all is on the disk. The log itself says it a group later, a running daemon once a second;
    /// and what is loaded was synced before.
    static func durableSequence(_ log: LogStatus?, _ daemon: DaemonStatus?, loaded: UInt64?) -> UInt64 {
        let said = daemon.map { $0.isRunning ? $0.durableSequence : 0 } ?? 0
        return max(said, log?.durableSequence ?? 0, loaded ?? 0)
    }
}
