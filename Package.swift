// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target of the package is compiled with. `deploy/test` turns warnings into errors. Tests, which are
/// not optimised, look for overlapping accesses; what is released does not pay for it.
let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    ]
    + (Context.environment["MILLRACE_WARNINGS"] == "error" ? [.treatAllWarnings(as: .error)] : [])

/// A room: a library target that may import only the rooms and libraries named here.
func room(
    _ name: String, _ rooms: [String] = [], _ libraries: [Target.Dependency] = [], sql: Bool = false,
    assets: Bool = false
)
    -> Target
{
    .target(
        name: name,
        dependencies: rooms.map { .target(name: $0) } + libraries,
        resources: (sql ? [.embedInCode("SQL")] : []) + (assets ? [.embedInCode("Assets")] : []),
        swiftSettings: strict)
}

/// A program: composition only, in one file.
func program(_ name: String, _ rooms: [String], _ libraries: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name,
        dependencies: rooms.map { .target(name: $0) } + libraries,
        path: "Sources/Executables/\(name)",
        swiftSettings: strict)
}

func tests(_ room: String, _ rooms: [String] = [], _ libraries: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(room)Tests",
        dependencies: [.target(name: room), "TestKit"] + rooms.map { .target(name: $0) } + libraries,
        swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

let package = Package(
    name: "millrace",
    products: [
        .executable(name: "millraced", targets: ["millraced"]),
        .executable(name: "millrace-load", targets: ["millrace-load"]),
        .executable(name: "millrace-aggregate", targets: ["millrace-aggregate"]),
        .executable(name: "millrace-api", targets: ["millrace-api"]),
        .executable(name: "millrace", targets: ["millrace"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Row 0: pure values.
        room("EventModel"),
        room("BrowserSDK", [], [crypto], assets: true),
        // Row 1: what every program needs.
        room("Settings", ["EventModel"], [tomlKit]),
        room("Telemetry", ["EventModel"], [logging]),
        .target(name: "CSystemd", linkerSettings: [.linkedLibrary("systemd")]),
        room("Systemd", ["CSystemd", "EventModel"]),
        // Row 2: storage.
        .target(name: "CCRC32C"),
        room("WriteAheadLog", ["CCRC32C", "EventModel"], [logging]),
        .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "CCrypt", linkerSettings: [.linkedLibrary("crypt")]),
        room("ControlStore", ["CCrypt", "CSQLite", "EventModel"], [crypto, grdb], sql: true),
        room("KeyValue", ["ControlStore", "EventModel"], [grdb], sql: true),
        room("JobQueue", ["ControlStore", "EventModel"], [grdb], sql: true),
        .target(name: "CDuckDB", linkerSettings: [.linkedLibrary("dl")]),
        room("Warehouse", ["CDuckDB", "EventModel"], [], sql: true),
        // Row 3: the work itself.
        room("Statistics"),
        .target(
            name: "CCompression", linkerSettings: [.linkedLibrary("z"), .linkedLibrary("zstd")]),
        .target(name: "CMaxMindDB", linkerSettings: [.linkedLibrary("maxminddb")]),
        room(
            "Ingest",
            [
                "BrowserSDK", "CCompression", "CMaxMindDB", "EventModel", "Settings", "Systemd", "Telemetry",
                "WriteAheadLog",
            ],
            [crypto, logging, lifecycle, nioCore, nioPosix, unixSignals]),
        room(
            "Loading", ["ControlStore", "EventModel", "Settings", "Telemetry", "Warehouse", "WriteAheadLog"],
            [crypto, logging, lifecycle]),
        room(
            "WorkerKit", ["ControlStore", "EventModel", "JobQueue", "Settings", "Telemetry"],
            [argumentParser, lifecycle, logging]),
        // Row 4: jobs, tool, API.
        room(
            "Jobs",
            [
                "ControlStore", "EventModel", "JobQueue", "KeyValue", "Settings", "Statistics", "Telemetry",
                "Warehouse", "WorkerKit", "WriteAheadLog",
            ], [logging]),
        room(
            "OperatorTool",
            [
                "ControlStore", "EventModel", "JobQueue", "KeyValue", "Settings", "Telemetry", "Warehouse", "WorkerKit",
                "WriteAheadLog",
            ], [argumentParser, crypto, logging]),
        room(
            "API", ["ControlStore", "EventModel", "JobQueue", "KeyValue", "Settings", "Telemetry"],
            [crypto, hummingbird, hummingbirdCore, lifecycle, logging, nioCore, nioPosix, unixSignals]),
        room("Dashboard", ["API", "ControlStore", "EventModel", "KeyValue", "Settings"], [hummingbird], assets: true),
        // Row 5: programs.
        program("millraced", ["EventModel", "Ingest", "Settings", "Telemetry", "WorkerKit"], [argumentParser]),
        program("millrace-load", ["EventModel", "Loading", "Settings", "Telemetry", "WorkerKit"], [argumentParser]),
        program("millrace-aggregate", ["EventModel", "Jobs", "Settings", "Telemetry", "WorkerKit"], [argumentParser]),
        program(
            "millrace-api", ["API", "Dashboard", "EventModel", "Settings", "Telemetry", "WorkerKit"], [argumentParser]),
        program("millrace", ["OperatorTool"], [argumentParser]),
        // Tests.
        .target(
            name: "TestKit", dependencies: ["ControlStore", "EventModel"], path: "Tests/TestKit", swiftSettings: strict),
        .testTarget(name: "TidinessTests", dependencies: ["TestKit"], swiftSettings: strict),
        tests("EventModel", [], [crypto]),
        tests("BrowserSDK", [], [crypto]),
        tests("Settings"),
        tests("Telemetry", [], [logging]),
        tests("Systemd"),
        tests("WriteAheadLog"),
        tests("ControlStore", [], [grdb]),
        tests("KeyValue"),
        tests("JobQueue", [], [grdb]),
        tests("Warehouse"),
        tests("Statistics"),
        tests("Ingest", ["BrowserSDK", "Settings", "WriteAheadLog"], [nioCore, nioPosix]),
        tests("Loading", ["Settings", "Warehouse", "WriteAheadLog"]),
        tests("WorkerKit", ["JobQueue", "KeyValue", "Settings"]),
        tests(
            "Jobs",
            [
                "ControlStore", "WriteAheadLog", "JobQueue", "KeyValue", "Settings", "Statistics", "Warehouse",
                "WorkerKit",
            ]),
        tests("OperatorTool", ["JobQueue", "KeyValue", "Settings", "WriteAheadLog"]),
        tests("API", ["Dashboard", "KeyValue", "JobQueue", "Settings"], [hummingbird, hummingbirdTesting]),
    ]
)
