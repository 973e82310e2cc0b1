import ControlStore
import EventModel
import FoundationEssentials
import Settings

/// What a command works with: the installation that the configuration describes, and the console.
struct Tool: Sendable {
    let configuration: Configuration
    /// Nil where no file was found and the defaults hold.
    let configurationFile: String?
    let clock: Clock
    let environment: [String: String]
    let console: Console

    /// Opens the control database; throws where there is none yet.
    func store() throws(StoreError) -> ControlStore {
        try ControlStore.open(path: configuration.controlDatabase, clock: clock)
    }

    /// The project named by id or name, else the configuration's default, else the first one made.
    func project(_ named: String?, in transaction: StoreTransaction) throws -> Project {
        if let name = named ?? configuration.funnel.defaultProject {
            if let project = try transaction.project(named: name) { return project }
            let origin = named == nil ? " (funnel.default_project)" : ""
            throw ToolError(.notFound, "there is no project \(name)\(origin); `millrace project list` shows all")
        }
        if let first = try transaction.projects().first { return first }
        throw ToolError(.notFound, "there is no project; make one with `millrace project create NAME`")
    }

    /// Tells the daemon of the projects and keys as they are now.
    func publishSnapshot(_ store: ControlStore) throws(StoreError) {
        try ProjectSnapshotFile.publish(store: store, path: configuration.snapshotFile)
    }

    /// Makes a directory and those above it, where they are missing.
    func makeDirectory(_ path: String) throws(ToolError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ToolError(
                .cannotCreate, "cannot make the directory \(path); check data_dir and runtime_dir, and who owns them")
        }
    }

    /// Every directory of the installation that the tool makes.
    func makeDirectories() throws(ToolError) {
        for path in [
            configuration.dataDirectory, configuration.logDirectory, configuration.eventsDirectory,
            configuration.dataDirectory + "/snapshot", configuration.wakeDirectory, configuration.runtimeDirectory,
            configuration.statusDirectory,
        ] { try makeDirectory(path) }
    }
}
