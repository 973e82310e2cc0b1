import ArgumentParser
import ControlStore
import EventModel

/// `millrace project`: projects and their keys.
struct ProjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Make and list projects and their keys.",
        subcommands: [Create.self, List.self, ProjectSetCommand.self, ProjectKeyCommand.self])

    struct Create: ToolCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a project with a public and a secret key, which are shown this once.")

        @OptionGroup var options: ToolOptions
        @Argument(help: "The project's name.") var name: String
        @Option(help: "A host from which its pages may send, *.example.com for all sub-domains; may be repeated.")
        var domain: [String] = []
        @Flag(help: "Print an object.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let store = try tool.store()
            let (project, publicKey, secretKey) = try store.write { transaction in
                let project = try transaction.createProject(name: name, domains: domain)
                let id = project.projectID
                let publicKey = try transaction.createKey(project: id, kind: .public, name: "pages")
                let secretKey = try transaction.createKey(project: id, kind: .secret, name: "servers")
                return (project, publicKey.plainText, secretKey.plainText)
            }
            try tool.publishSnapshot(store)
            guard !json else {
                return tool.console.json { json in
                    json.object { json in
                        json.member("project_id", project.projectID.rawValue)
                        json.member("public_key", publicKey)
                        json.member("secret_key", secretKey)
                    }
                }
            }
            tool.console.line("project     \(project.projectID) (\(project.name))")
            tool.console.line("public key  \(publicKey)   for pages")
            tool.console.line("secret key  \(secretKey)   for servers")
            tool.console.line("The keys are shown this once; only their hashes are kept.")
        }
    }

    struct List: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "List the projects, oldest first.")

        @OptionGroup var options: ToolOptions
        @Flag(help: "Print an array of objects.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let projects = try tool.store().read { try $0.projects() }
            guard !json else {
                return tool.console.json { json in
                    json.array { json in for project in projects { Self.write(project, to: &json) } }
                }
            }
            var table = Table(["ID", "NAME", "DOMAINS", "CREATED"])
            for project in projects {
                let domains = project.domains.isEmpty ? "any" : project.domains.joined(separator: ", ")
                table.add([project.projectID.rawValue, project.name, domains, project.createdAt.wholeSecondsText])
            }
            for line in table.lines { tool.console.line(line) }
        }

        private static func write(_ project: Project, to json: inout JSONWriter) {
            json.object { json in
                json.member("project_id", project.projectID.rawValue)
                json.member("name", project.name)
                json.array("domains") { json in for domain in project.domains { json.element(domain) } }
                json.member("timezone", project.timezone)
                json.member("currency", project.currency)
                json.member("conversion_event", project.conversionEvent)
                json.member("created_at", project.createdAt.description)
                json.member("updated_at", project.updatedAt.description)
            }
        }
    }
}
