import ArgumentParser
import ControlStore
import EventModel

/// `millrace migrate`: makes the control database, or brings its schema up to date.
struct MigrateCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Make the control database, or bring it up to date.")

    @OptionGroup var options: ToolOptions

    func perform(_ tool: Tool) throws {
        try tool.makeDirectories()
        let store = try tool.migrate()
        try store.close()
        tool.console.line("\(tool.configuration.controlDatabase) is up to date.")
    }
}

extension Tool {
    /// Makes or migrates the control database, and tells the daemon of its projects.
    func migrate() throws(StoreError) -> ControlStore {
        let store = try ControlStore.migrate(path: configuration.controlDatabase, clock: clock)
        try publishSnapshot(store)
        return store
    }
}
