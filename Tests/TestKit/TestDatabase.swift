import ControlStore
import EventModel

/// Control databases for tests: each test has its own.
package enum TestDatabase {
    /// A migrated, empty control database at `directory/control.sqlite`.
    package static func make(in directory: String, clock: Clock = .system) throws -> ControlStore {
        try ControlStore.migrate(path: path(in: directory), clock: clock)
    }

    /// Where `make` puts the database.
    package static func path(in directory: String) -> String { directory + "/control.sqlite" }
}

/// Makes a project with a name of its own, and gives its id.
@discardableResult
package func makeProject(
    _ store: ControlStore, name: String? = nil, domains: [String] = []
) throws -> ProjectID {
    let name = name ?? "Project " + randomHex(8)
    return try store.write { try $0.createProject(name: name, domains: domains).projectID }
}
