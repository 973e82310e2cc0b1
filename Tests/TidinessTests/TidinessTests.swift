import Foundation
import Testing

/// The rules of CONTRIBUTING that a machine can check.
@Suite struct TidinessTests {
    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let sources = SourceFile.all(below: checkout)

    @Test func `no file is longer than 500 lines, no program's than 40`() {
        #expect(!Self.sources.isEmpty)
        for file in Self.sources where !file.isDataList {
            let limit = file.path.hasPrefix("Sources/Executables/") ? 40 : 500
            #expect(file.lines.count <= limit, "\(file.path) has \(file.lines.count) lines, \(limit) are allowed")
        }
    }

    @Test func `no function is longer than 70 lines`() {
        for file in Self.sources {
            for function in file.functions() {
                #expect(
                    function.length <= 70, "\(file.path):\(function.line): \(function.length) lines, 70 are allowed")
            }
        }
    }

    @Test func `no line is longer than 120 columns`() {
        for file in Self.sources {
            for (index, line) in file.lines.enumerated() {
                #expect(line.count <= 120, "\(file.path):\(index + 1): \(line.count) columns")
            }
        }
    }

    @Test func `no name says nothing`() {
        let banned = ["Utils", "Util", "Helper", "Manager", "Common", "Misc"]
        for file in Self.sources {
            let name = URL(fileURLWithPath: file.path).lastPathComponent
            for word in banned {
                #expect(!name.contains(word), "\(file.path): \(word) names nothing")
                let declarations = file.declarations(of: ["struct", "class", "enum", "actor", "protocol"])
                for declaration in declarations where declaration.name.contains(word) {
                    Issue.record("\(file.path):\(declaration.line): \(declaration.name): \(word) names nothing")
                }
            }
        }
    }

    @Test func `the product holds no unfinished work and nothing that can trap on input`() {
        let banned = ["TODO", "FIXME", "XXX", "fatalError(", "try!", "as!", "unowned(unsafe)", "not yet implemented"]
        for file in Self.sources where file.path.hasPrefix("Sources/") {
            for (index, line) in file.code.enumerated() {
                for word in banned {
                    #expect(!line.contains(word), "\(file.path):\(index + 1): \(word)")
                }
                let forced = line.range(of: #"[\w\)\]]!(\.|\)|,|\s*$|\[|\()"#, options: .regularExpression)
                #expect(forced == nil, "\(file.path):\(index + 1): forced unwrapping")
            }
        }
    }

    @Test func `rooms share by package access, nothing is public`() {
        for file in Self.sources where file.path.hasPrefix("Sources/") {
            for (index, line) in file.code.enumerated() {
                let found = line.range(of: #"^\s*(public|open) "#, options: .regularExpression)
                #expect(found == nil, "\(file.path):\(index + 1): public")
            }
        }
    }

    @Test func `every type and free function that rooms share has a doc comment`() {
        for file in Self.sources where file.path.hasPrefix("Sources/") {
            for declaration in file.sharedTopLevelDeclarations() {
                #expect(declaration.hasDocumentation, "\(file.path):\(declaration.line): \(declaration.name)")
            }
        }
    }

    @Test func `only the rooms that may import a library do`() {
        let allowed: [String: Set<String>] = [
            "GRDB": ["ControlStore", "KeyValue", "JobQueue"],
            "CSQLite": ["ControlStore"],
            "Hummingbird": ["API", "Dashboard"],
            "CDuckDB": ["Warehouse"],
            "NIOCore": ["Ingest", "API"], "NIOPosix": ["Ingest", "API"], "NIOHTTP1": ["Ingest"],
            "TOMLKit": ["Settings"],
        ]
        for file in Self.sources where file.path.hasPrefix("Sources/") {
            for name in file.imports() {
                guard let rooms = allowed[name] else { continue }
                #expect(rooms.contains(file.room), "\(file.path) imports \(name)")
            }
        }
    }

    @Test func `a room imports only rooms of rows above its own`() throws {
        let rows: [[String]] = [
            ["EventModel", "BrowserSDK"],
            ["Settings", "Telemetry", "Systemd", "HTTPClient"],
            ["WriteAheadLog", "ControlStore", "KeyValue", "JobQueue", "Warehouse"],
            ["Statistics", "Ingest", "Loading", "Connectors", "WorkerKit", "DataLifecycle"],
            ["Jobs", "OperatorTool", "API", "Dashboard"],
        ]
        let exceptions: Set<String> = ["KeyValue ControlStore", "JobQueue ControlStore", "Dashboard API"]
        let row = Dictionary(
            uniqueKeysWithValues: rows.enumerated().flatMap { row in row.element.map { ($0, row.offset) } })
        for file in Self.sources where file.path.hasPrefix("Sources/") {
            guard let own = row[file.room] else { continue }
            for name in file.imports() {
                guard let other = row[name], !exceptions.contains("\(file.room) \(name)") else { continue }
                #expect(other < own, "\(file.path): \(file.room) may not import \(name)")
            }
        }
    }

    @Test func `the top level holds what belongs there and nothing else`() throws {
        let allowed: Set<String> = [
            "Package.swift", "Sources", "Tests", "deploy", "systemd", "Config", "README.md", "ARCHITECTURE.md",
            "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "var", "Package.resolved",
        ]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.checkout) where !name.hasPrefix(".") {
            #expect(allowed.contains(name), "\(name) does not belong at the top level")
        }
    }

    @Test func `every migration is listed once, in order`() throws {
        let folder = Self.checkout + "/Sources/ControlStore/SQL/Migrations"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(!names.isEmpty)
        for (index, name) in names.enumerated() {
            let number = String(index + 1)
            #expect(name.hasPrefix(String(repeating: "0", count: 4 - number.count) + number + "-"), "\(name)")
        }
    }
}
