import EventModel
import FoundationEssentials

/// Gives `body` the path of an empty directory of its own, and removes it with all it holds afterwards.
@discardableResult
package func withTemporaryDirectory<Value>(_ body: (String) throws -> Value) throws -> Value {
    let path = try makeTemporaryDirectory()
    defer { removeTemporaryDirectory(path) }
    return try body(path)
}

/// The same for a body that awaits.
@discardableResult
package func withTemporaryDirectory<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> Value
) async throws -> Value {
    let path = try makeTemporaryDirectory()
    defer { removeTemporaryDirectory(path) }
    return try await body(path)
}

/// `millrace-test-` and random digits below the system's temporary directory: short enough for a Unix socket's path.
private func makeTemporaryDirectory() throws -> String {
    let base = FileManager.default.temporaryDirectory.path
    let path = (base.hasSuffix("/") ? base : base + "/") + "millrace-test-" + randomHex(12)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

private func removeTemporaryDirectory(_ path: String) {
    // What cannot be removed lies in the temporary directory: no reason to fail a test.
    try? FileManager.default.removeItem(atPath: path)
}
