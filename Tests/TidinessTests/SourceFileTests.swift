import Foundation
import TestKit
import Testing

/// The reader on which the tidiness rules rest finds what it should.
@Suite struct SourceFileTests {
    private func file(_ text: String, at path: String = "Sources/Room/File.swift") throws -> SourceFile {
        try withTemporaryDirectory { directory in
            let folder = directory + "/" + path.split(separator: "/").dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + path))
            return try #require(SourceFile.all(below: directory).first)
        }
    }

    @Test func `a function's length runs to its closing brace`() throws {
        let source = """
            struct S {
                package static func long(
                    _ value: Int
                ) -> Int {
                    if value > 1 {
                        return 2
                    }
                    return 1
                }

                init(_ value: Int) { }
            }
            """
        #expect(try file(source).functions().map(\.length).contains(8))
        #expect(try file(source).functions().first?.line == 2)
    }

    @Test func `comments and quoted text are not code`() throws {
        let source = "let a = \"try! \\\" x\"  // fatalError(\nlet b = \"\"\"\n    try!\n    \"\"\"\n"
        let code = try file(source).code.joined(separator: "\n")
        #expect(!code.contains("try!"))
        #expect(!code.contains("fatalError"))
        #expect(code.contains("let a"))
    }

    @Test func `a shared type without a doc comment is found`() throws {
        let source = "/// Documented.\n@frozen\npackage struct A {}\n\npackage enum B {}\nstruct C {}\n"
        let shared = try file(source).sharedTopLevelDeclarations()
        #expect(shared.map(\.name) == ["A", "B"])
        #expect(shared.map(\.hasDocumentation) == [true, false])
    }

    @Test func `imports are found with their attributes, and a program's room is its own`() throws {
        #expect(try file("@testable import GRDB\nimport struct NIOCore.ByteBuffer\n").imports().contains("GRDB"))
        #expect(try file("x\n", at: "Sources/Executables/millraced/Main.swift").room == "millraced")
        #expect(try file("x\n").room == "Room")
    }
}
