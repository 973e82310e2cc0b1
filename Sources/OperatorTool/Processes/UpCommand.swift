import ArgumentParser
import EventModel
import Glibc
import Settings

/// `millrace up`: the whole installation in one process group, without systemd.
struct UpCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Run daemon, loader, API and workers here, without systemd, until Ctrl-C.")

    @OptionGroup var options: ToolOptions
    @Flag(help: "Return when everything answers, and leave it running; `millrace down` ends it.") var detach = false

    func perform(_ tool: Tool) throws {
        try tool.makeDirectories()
        let lock = try SupervisorLock(runtimeDirectory: tool.configuration.runtimeDirectory)
        let files = try ProgramFiles.beside(ProcessTable.ownDirectory())
        // Their answers must not be taken for those of the programs that are started now.
        _ = LeftoverPrograms.end(runtimeDirectory: tool.configuration.runtimeDirectory) { tool.console.note($0) }
        guard detach else {
            lock.claim()
            defer { lock.release() }
            let supervisor = Supervisor(tool: tool, files: files, lock: lock)
            return try supervisor.run()
        }
        // The process that is started takes the lock itself.
        lock.letGo()
        try DetachedSupervisor(tool: tool).start()
    }
}

/// `millrace down`: ends what `millrace up` runs.
struct DownCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "End what `millrace up` runs here, and wait until it is gone.")

    @OptionGroup var options: ToolOptions

    /// A supervisor ends its programs one after the other, each within its own limit.
    private static let limitSeconds = 90.0

    func perform(_ tool: Tool) throws {
        let directory = tool.configuration.runtimeDirectory
        guard let pid = SupervisorLock.holder(runtimeDirectory: directory) else {
            let ended = LeftoverPrograms.end(runtimeDirectory: directory) { tool.console.note($0) }
            return tool.console.line(ended == 0 ? "Nothing runs here." : "Ended \(ended) programs that were left.")
        }
        guard kill(pid, SIGTERM) == 0 || errno == ESRCH else {
            throw ToolError(.noPermission, "may not end process \(pid); run this as the user who ran `millrace up`")
        }
        tool.console.progress("ending process \(pid) …")
        guard ProcessTable.waitForEnd(pid, seconds: Self.limitSeconds) else {
            throw ToolError(
                .failed, "process \(pid) has not ended within \(Int(Self.limitSeconds)) s; see \(directory)/up.out")
        }
        tool.console.endProgress()
        tool.console.line("Everything has ended.")
    }
}

/// The programs of the installation, which lie in one directory.
struct ProgramFiles: Sendable {
    let daemon: String
    let loader: String
    let api: String
    let aggregate: String

    /// Throws where one is missing.
    static func beside(_ directory: String) throws(ToolError) -> ProgramFiles {
        let names = ["millraced", "millrace-load", "millrace-api", "millrace-aggregate"]
        for name in names where access("\(directory)/\(name)", X_OK) != 0 {
            throw ToolError(.notFound, "there is no program \(directory)/\(name); build all programs with deploy/build")
        }
        return ProgramFiles(
            daemon: "\(directory)/millraced", loader: "\(directory)/millrace-load", api: "\(directory)/millrace-api",
            aggregate: "\(directory)/millrace-aggregate")
    }
}

/// Programs that a killed supervisor left behind: their ids stand in `runtime_dir/<program>.pid`.
enum LeftoverPrograms {
    static let names = ["millraced", "millrace-load", "millrace-api", "millrace-aggregate"]

    static func pidFile(_ name: String, in runtimeDirectory: String) -> String { "\(runtimeDirectory)/\(name).pid" }

    /// Ends those that still run, and gives how many. A process that runs another program is none of ours.
    static func end(runtimeDirectory: String, _ say: (String) -> Void) -> Int {
        var ended = 0
        for name in names {
            let file = pidFile(name, in: runtimeDirectory)
            guard let text = try? TextFile.read(file) else { continue }
            unlink(file)
            guard let pid = pid_t(text.prefix { $0.isNumber }), pid > 1, ProcessTable.isRunning(pid),
                ProcessTable.program(pid) == name
            else { continue }
            say("ending \(name) (process \(pid)), which a killed `millrace up` left")
            kill(pid, SIGTERM)
            if !ProcessTable.waitForEnd(pid, seconds: 15) {
                kill(pid, SIGKILL)
                _ = ProcessTable.waitForEnd(pid, seconds: 5)
            }
            ended += 1
        }
        return ended
    }
}
