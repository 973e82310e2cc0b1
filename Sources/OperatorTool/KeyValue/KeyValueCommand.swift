import ArgumentParser
import EventModel
import KeyValue

/// `millrace kv`: the key-value store, as it stands.
struct KeyValueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kv", abstract: "Read the key-value store.", subcommands: [Get.self, List.self])

    struct Get: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Print the value of a key, which is JSON.")

        @OptionGroup var options: ToolOptions
        @Option(help: "The namespace.") var namespace = "FUNNEL_DATA"
        @Argument(help: "The key, such as funnel:live.") var key: String
        @Flag(help: "Errors as objects; the value is JSON in any case.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let entry = try tool.store().read { try KeyValueStore(namespace: namespace).get(key, in: $0) }
            guard let entry else {
                throw ToolError(
                    .notFound, "there is no key \(key) in \(namespace), or it has expired; `millrace kv list` shows all"
                )
            }
            tool.console.line(entry.json)
        }
    }

    struct List: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys that begin with a prefix.")

        @OptionGroup var options: ToolOptions
        @Option(help: "The namespace.") var namespace = "FUNNEL_DATA"
        @Option(help: "The most keys to list.") var limit = 1_000
        @Argument(help: "What the keys begin with.") var prefix = ""
        @Flag(help: "Print an array of objects, values included.") var json = false

        var wantsJSON: Bool { json }

        func validate() throws {
            if limit < 1 { throw ValidationError("--limit must be at least 1") }
        }

        func perform(_ tool: Tool) throws {
            let entries = try tool.store().read {
                try KeyValueStore(namespace: namespace).list(prefix: prefix, limit: limit, in: $0)
            }
            guard !json else {
                return tool.console.json { json in
                    json.array { json in for entry in entries { Self.write(entry, to: &json) } }
                }
            }
            var table = Table(["KEY", "SIZE", "UPDATED", "EXPIRES"])
            for entry in entries {
                table.add([
                    entry.key, Display.bytes(entry.json.utf8.count), entry.updatedAt.wholeSecondsText,
                    entry.expiresAt?.wholeSecondsText ?? "-",
                ])
            }
            for line in table.lines { tool.console.line(line) }
        }

        private static func write(_ entry: KeyValueEntry, to json: inout JSONWriter) {
            json.object { json in
                json.member("key", entry.key)
                json.member("value", json: entry.json)
                json.member("created_at", entry.createdAt.description)
                json.member("updated_at", entry.updatedAt.description)
                json.member("expires_at", entry.expiresAt?.description)
            }
        }
    }
}
