/// What is served at a path.
enum Endpoint: String {
    case track, batch, beacon, health, metrics, config, script, unknown
    case stream = "http_stream"

    /// What every installation has there. Where the script is, `ScriptPaths` knows.
    static func at(_ path: UnsafeRawBufferPointer) -> Endpoint {
        switch path.count {
        case 2 where path.isEqual("/b"): .beacon
        case 7 where path.isEqual("/health"): .health
        case 8 where path.isEqual("/metrics"): .metrics
        case 13 where path.isEqual("/api/v1/track"): .track
        case 14 where path.isEqual("/api/v1/config"): .config
        case 19 where path.isEqual("/api/v1/track/batch"): .batch
        case 20 where path.isEqual("/api/v1/track/stream"): .stream
        default: .unknown
        }
    }

    var takesEvents: Bool {
        switch self {
        case .track, .batch, .beacon, .stream: true
        case .health, .metrics, .config, .script, .unknown: false
        }
    }

    var form: BodyForm {
        switch self {
        case .batch: .batch
        case .beacon: .either
        default: .event
        }
    }

    /// The methods it has, for `Allow`.
    var methods: String { takesEvents ? "POST, OPTIONS" : "GET, HEAD, OPTIONS" }

    func bodyLimit(_ bounds: IngestOptions.Bounds) -> Int {
        switch self {
        case .track: bounds.eventBodyBytes
        case .batch: bounds.batchBodyBytes
        default: bounds.beaconBodyBytes
        }
    }

    /// What a packed body may unpack to: a batch to more than it may be as it comes, anything else to no more.
    func unpackedLimit(_ bounds: IngestOptions.Bounds) -> Int {
        self == .batch ? BodyUnpackers.unpackedBytes : bodyLimit(bounds)
    }

    /// Whether events may come as this media type. One that is missing is JSON.
    func takes(mediaType: UnsafeRawBufferPointer) -> Bool {
        let end = mediaType.firstIndex(of: UInt8(ascii: ";")) ?? mediaType.count
        var name = mediaType.part(0..<end)
        while let last = name.last, last == 0x20 || last == 0x09 { name = name.part(0..<(name.count - 1)) }
        if name.isEmpty || name.isEqualIgnoringCase("application/json") { return true }
        if self == .stream { return Self.lineTypes.contains { name.isEqualIgnoringCase($0) } }
        return self == .beacon && name.isEqualIgnoringCase("text/plain")
    }

    /// The names that lines of JSON go by.
    private static let lineTypes: [StaticString] = ["application/x-ndjson", "application/ndjson", "application/jsonl"]

    /// What it takes, in a sentence.
    var mediaTypes: String {
        switch self {
        case .beacon: "application/json or text/plain"
        case .stream: "application/x-ndjson"
        default: "application/json"
        }
    }
}
