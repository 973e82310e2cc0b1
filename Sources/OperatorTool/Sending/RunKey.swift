import ControlStore
import EventModel
import Glibc

/// A secret key that lives as long as one run of the tool.
struct RunKey {
    /// The daemon looks for new keys about once a second, and says so then.
    private static let pauseMicroseconds: UInt32 = 100_000
    private static let attempts = 100

    let text: String
    private let keyID: String
    private let store: ControlStore
    private let tool: Tool

    /// Makes the key and waits until the daemon knows it.
    init(project: ProjectID, store: ControlStore, tool: Tool) throws {
        let (key, text) = try store.write { transaction in
            let expiry = transaction.now + .seconds(86_400)
            return try transaction.createKey(
                project: project, kind: .secret, name: "one run of millrace", expiresAt: expiry)
        }
        self.text = text
        keyID = key.keyID
        self.store = store
        self.tool = tool
        do {
            try tool.publishSnapshot(store)
            try waitUntilKnown()
        } catch {
            revoke()
            throw error
        }
    }

    /// Asks the status file and not the daemon itself, which would count a key too early as an invalid beacon.
    private func waitUntilKnown() throws {
        let directory = tool.configuration.statusDirectory
        let path = tool.configuration.snapshotFile
        guard let snapshot = ProjectSnapshotFile.read(path: path) else {
            throw ToolError(.inputOutput, "cannot read \(path), which was written just now")
        }
        for _ in 0..<Self.attempts {
            guard let daemon = DaemonStatus.read(directory: directory), daemon.isRunning else {
                throw ToolError(.unavailable, "the daemon does not run; start it with `millrace up`")
            }
            if let version = daemon.snapshotVersion, version >= snapshot.version { return }
            usleep(Self.pauseMicroseconds)
        }
        throw ToolError(
            .unavailable, "the daemon has not read \(path) for 10 s; `millrace doctor` tells more")
    }

    /// Revokes the key. Where that fails, it ends by itself after a day.
    func revoke() {
        do {
            try store.write { try $0.revokeKey(id: keyID) }
            try tool.publishSnapshot(store)
        } catch {
            tool.console.note("millrace: the key \(keyID) could not be revoked (\(error)); it expires within a day")
        }
    }
}

extension Tool {
    /// Runs `body` with the key in the file, else with one made for this run alone.
    func withSecretKey<Value>(file: String?, project: String?, _ body: (String) throws -> Value) throws -> Value {
        if let file {
            let text = try TextFile.read(file).filter { !$0.isWhitespace }
            guard !text.isEmpty else { throw ToolError(.badData, "the key's file \(file) is empty") }
            return try body(text)
        }
        let store = try store()
        let id = try store.read { try self.project(project, in: $0).projectID }
        let key = try RunKey(project: id, store: store, tool: self)
        defer { key.revoke() }
        return try body(key.text)
    }
}
