import ArgumentParser
import ControlStore
import EventModel

extension ProjectSnapshot.Kind: ExpressibleByArgument {}

/// `millrace project key`: the keys of a project.
struct ProjectKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make, list and revoke a project's keys.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key, which is shown this once.")

        @OptionGroup var options: ToolOptions
        @Option(help: "public: may only send, stands in pages; secret: may send and read, for servers.")
        var kind = ProjectSnapshot.Kind.public
        @Option(help: "What the key is for.") var name: String?
        @Option(help: "The project's id or name. Default: the configuration's.") var project: String?
        @Flag(help: "Print an object.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let store = try tool.store()
            let (key, text) = try store.write { transaction in
                let owner = try tool.project(project, in: transaction)
                return try transaction.createKey(project: owner.projectID, kind: kind, name: name)
            }
            try tool.publishSnapshot(store)
            guard !json else {
                return tool.console.json { json in
                    json.object { json in
                        json.member("key_id", key.keyID)
                        json.member("project_id", key.projectID.rawValue)
                        json.member("kind", key.kind.rawValue)
                        json.member("key", text)
                    }
                }
            }
            tool.console.line("\(key.keyID)  \(text)")
            tool.console.line("The key is shown this once; only its hash is kept.")
        }
    }

    struct List: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "List a project's keys; never their texts.")

        @OptionGroup var options: ToolOptions
        @Option(help: "The project's id or name. Default: the configuration's.") var project: String?
        @Flag(help: "Print an array of objects.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let keys = try tool.store().read { transaction in
                try transaction.keys(project: try tool.project(project, in: transaction).projectID)
            }
            guard !json else {
                return tool.console.json { json in
                    json.array { json in for key in keys { Self.write(key, to: &json) } }
                }
            }
            var table = Table(["ID", "KIND", "NAME", "CREATED", "REVOKED"])
            for key in keys {
                table.add([
                    key.keyID, key.kind.rawValue, key.name ?? "-", key.createdAt.wholeSecondsText,
                    key.revokedAt?.wholeSecondsText ?? "-",
                ])
            }
            for line in table.lines { tool.console.line(line) }
        }

        private static func write(_ key: KeyRow, to json: inout JSONWriter) {
            json.object { json in
                json.member("key_id", key.keyID)
                json.member("project_id", key.projectID.rawValue)
                json.member("kind", key.kind.rawValue)
                json.member("name", key.name)
                json.member("created_at", key.createdAt.description)
                json.member("expires_at", key.expiresAt?.description)
                json.member("revoked_at", key.revokedAt?.description)
            }
        }
    }

    struct Revoke: ToolCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a key: the daemon refuses it within 2 seconds.")

        @OptionGroup var options: ToolOptions
        @Argument(help: "The key's id, key_…") var id: String

        func perform(_ tool: Tool) throws {
            let store = try tool.store()
            try store.write { try $0.revokeKey(id: id) }
            try tool.publishSnapshot(store)
            tool.console.line("\(id) is revoked.")
        }
    }
}
