import EventModel
import Glibc

/// One long-lived program under a supervisor: started, and started again when it ends, with growing pauses.
struct ServiceProgram {
    /// The pause doubles with each end, up to this.
    static let longestPauseSeconds = 30.0
    /// A program that ran for so long is taken for sound: the next pause is the shortest again.
    static let soundAfterSeconds = 60.0

    let name: String
    let path: String
    private(set) var child: ChildProcess?
    private(set) var restarts = 0
    private var pauseSeconds = 1.0
    private var startedAt = ContinuousClock.now
    private var startAt = ContinuousClock.now

    init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    var isDue: Bool { child == nil && ContinuousClock.now >= startAt }

    mutating func start(_ arguments: [String], tool: Tool) throws(ToolError) {
        let directory = tool.configuration.runtimeDirectory
        // What an earlier process of this id said must not be taken for this one's word.
        unlink(StatusFile.path(of: name, in: tool.configuration.statusDirectory))
        let started = try ChildProcess.start(
            path, arguments, environment: tool.environment, output: "\(directory)/\(name).out")
        TextFile.write("\(started.pid)\n", to: LeftoverPrograms.pidFile(name, in: directory))
        child = started
        startedAt = .now
    }

    /// How it ended since this was last asked; it is due again after a pause.
    mutating func reap() -> ChildProcess.End? {
        guard let end = child?.end() else { return nil }
        child = nil
        restarts += 1
        if startedAt.duration(to: .now) > .seconds(Self.soundAfterSeconds) { pauseSeconds = 1 }
        startAt = .now + .seconds(pauseSeconds)
        pauseSeconds = min(pauseSeconds * 2, Self.longestPauseSeconds)
        return end
    }

    /// Ends it, and waits for that.
    mutating func stop(seconds: Double, runtimeDirectory: String) {
        child?.stop(seconds: seconds)
        child = nil
        unlink(LeftoverPrograms.pidFile(name, in: runtimeDirectory))
    }
}
