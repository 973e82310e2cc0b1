import Foundation
import TestKit
import Testing

@testable import Settings

@Suite struct SecretTests {
    private func write(_ text: String, to path: String, mode: Int) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func `a configured file wins over systemd's credential`() throws {
        try withTemporaryDirectory { directory in
            try write("from-file\n", to: directory + "/key", mode: 0o600)
            try write("from-credential", to: directory + "/claude_key", mode: 0o400)
            let environment = ["CREDENTIALS_DIRECTORY": directory]
            #expect(try Secret.claudeKey.read(file: directory + "/key", environment: environment) == "from-file")
            #expect(try Secret.claudeKey.read(file: nil, environment: environment) == "from-credential")
            #expect(try Secret.clarityToken.read(file: nil, environment: environment) == nil)
        }
    }

    @Test func `a file that others may read is refused without its content`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/key"
            try write("very-secret", to: path, mode: 0o644)
            let error = #expect(throws: ConfigurationError.self) {
                try Secret.claudeKey.read(file: path, environment: [:])
            }
            #expect(error?.description.contains("chmod 600 \(path)") == true)
            #expect(error?.description.contains("very-secret") == false)
        }
    }

    @Test func `a missing or an empty file is refused`() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: ConfigurationError.self) {
                try Secret.jwtSecret.read(file: directory + "/none", environment: [:])
            }
            try write(" \n", to: directory + "/empty", mode: 0o600)
            #expect(throws: ConfigurationError.self) {
                try Secret.jwtSecret.read(file: directory + "/empty", environment: [:])
            }
        }
    }
}
