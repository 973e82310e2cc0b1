import Foundation
import TestKit
import Testing

@testable import EventModel

@Suite struct AtomicFileTests {
    @Test(arguments: [true, false])
    func `a file is replaced as a whole, in its mode, and nothing else is left`(isDurable: Bool) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a/b/status.json"
            try AtomicFile.makeDirectory(of: path)
            try AtomicFile.makeDirectory(of: path)
            for text in ["first, and longer", "second"] {
                try AtomicFile.replace(path, with: Array(text.utf8), mode: 0o640, isDurable: isDurable)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/a/b") == ["status.json"])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
        }
    }

    @Test func `what cannot be replaced is said with its path, and leaves no remains`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/taken"
            try FileManager.default.createDirectory(atPath: path + "/inside", withIntermediateDirectories: true)
            let error = #expect(throws: FileError.self) { try AtomicFile.replace(path, with: [1], mode: 0o600) }
            #expect(error?.exitCode == .inputOutput && error?.description.contains(path) == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["taken"])
            let missing = #expect(throws: FileError.self) {
                try AtomicFile.replace(directory + "/none/file", with: [1], mode: 0o600)
            }
            #expect(missing?.description.contains("No such file or directory") == true)
        }
    }

    @Test func `a full disk and a refusal have their own remedy and exit code`() {
        let full = FileError("writing /data/a", number: ENOSPC)
        #expect(full.exitCode == .inputOutput && full.description.hasSuffix("free some space and try again"))
        let denied = FileError("creating /data/a", number: EACCES)
        #expect(denied.exitCode == .noPermission && denied.description.hasSuffix("check who owns it, and its mode"))
    }

    @Test func `a text is quoted as JSON has it`() throws {
        let text = "a \"quote\" \\ \n\r\t\u{1}\u{1F} ü 🌊"
        let quoted = JSONWriter.quoted(text)
        #expect(quoted == #""a \"quote\" \\ \n\r\t\u0001\u001f ü 🌊""#)
        #expect(try JSONDecoder().decode([String].self, from: Data("[\(quoted)]".utf8)) == [text])
    }
}
