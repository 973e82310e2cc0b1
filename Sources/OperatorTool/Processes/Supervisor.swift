import ControlStore
import EventModel
import Glibc
import JobQueue

/// What `millrace up` does: keeps daemon, loader and API running, starts workers on their schedule and when they are
/// woken, and ends all of it in order.
struct Supervisor {
    private static let stepMilliseconds = 200
    private static let tickSeconds: Double = 60
    /// How long the whole installation may take to answer; an end of a program before that ends `up`, too.
    private static let startSeconds = 60.0
    /// How long the daemon may take for its last answers, the loader to load what is in the log, any program to end.
    private static let daemonSeconds = 20.0
    private static let drainSeconds = 20.0
    private static let endSeconds = 10.0

    private let tool: Tool
    private let arguments: [String]
    private let lock: SupervisorLock
    private var services: [ServiceProgram]
    private var workers: WorkerPrograms
    private var isReady = false
    private let signals = SignalWaiter([SIGINT, SIGTERM, SIGHUP])

    init(tool: Tool, files: ProgramFiles, lock: SupervisorLock) {
        self.tool = tool
        self.lock = lock
        arguments = tool.configurationFile.map { ["--config", $0] } ?? []
        services = [
            ServiceProgram(name: "millraced", path: files.daemon),
            ServiceProgram(name: "millrace-load", path: files.loader),
            ServiceProgram(name: "millrace-api", path: files.api),
        ]
        workers = WorkerPrograms(tool: tool, arguments: arguments, programs: [.aggregate: files.aggregate])
    }

    /// Runs until a signal asks for the end.
    consuming func run() throws {
        var supervisor = self
        try supervisor.loop()
    }

    private mutating func loop() throws {
        let store = try tool.migrate()
        let queue = tool.queue(store)
        do {
            for index in services.indices { try services[index].start(arguments, tool: tool) }
            tool.console.line("Starting; the programs' output is in \(tool.configuration.runtimeDirectory)/*.out")
            workers.begin(queue)
            try keepRunning(store, queue)
        } catch {
            stop(store)
            throw error
        }
        tool.console.endProgress()
        tool.console.line("Ending …")
        stop(store)
    }

    private mutating func keepRunning(_ store: ControlStore, _ queue: JobQueue) throws {
        let startLimit = ContinuousClock.now + .seconds(Self.startSeconds)
        var nextTick = ContinuousClock.now
        var nextLine = ContinuousClock.now
        while true {
            if let signal = signals.wait(milliseconds: Self.stepMilliseconds) {
                // A hang-up asks for reading the configuration again: the daemon knows what of it can be.
                guard signal == SIGHUP else { return }
                for service in services { service.child?.send(SIGHUP) }
            }
            try keepServices()
            workers.step(queue)
            let now = ContinuousClock.now
            if !isReady {
                isReady = ownProgramsAnswer
                if isReady { announce() }
                guard isReady || now < startLimit else {
                    throw ToolError(
                        .unavailable,
                        "daemon, loader and API have not begun to work within \(Int(Self.startSeconds)) s; "
                            + "see \(tool.configuration.runtimeDirectory)/*.out")
                }
            }
            if now >= nextTick {
                nextTick = now + .seconds(Self.tickSeconds)
                // What cannot be done now is done by the next tick; it must not end the daemon.
                do { try queue.tick() } catch { tool.console.note("millrace: \(error)") }
            }
            if isReady, tool.console.isTerminal, now >= nextLine {
                nextLine = now + .seconds(2)
                tool.console.progress(StatusReport(tool).line)
            }
        }
    }

    /// The programs started here, and nobody else's: each has written its process id into its status file, which it
    /// does when it works, and the addresses answer.
    private var ownProgramsAnswer: Bool {
        let directory = tool.configuration.statusDirectory
        let isOwn = services.allSatisfy { service in
            service.child.map { $0.pid == StatusFile.pid(of: service.name, in: directory) } ?? false
        }
        return isOwn && Health(configuration: tool.configuration).isWell
    }

    private func announce() {
        lock.markReady()
        tool.console.line("Beacons    http://\(tool.configuration.ingest.http)/api/v1/track")
        tool.console.line("Dashboard  http://\(tool.configuration.api.listen)/admin/funnel-dashboard/")
        if tool.console.isTerminal { tool.console.line("Ctrl-C ends it.") }
    }

    /// Starts again what has ended; before everything answered once, an end is final.
    private mutating func keepServices() throws {
        for index in services.indices {
            if let end = services[index].reap() {
                let name = services[index].name
                let output = "\(tool.configuration.runtimeDirectory)/\(name).out"
                guard isReady else {
                    let said = TextFile.lastSentence(of: output) ?? "\(end.sentence); see \(output)"
                    throw ChildFailure(exitCode: end.exitCode, description: "\(name): \(said)")
                }
                tool.console.note("millrace: \(name) \(end.sentence) and is started again; see \(output)")
            }
            if services[index].isDue { try services[index].start(arguments, tool: tool) }
        }
    }

    /// The daemon first, so that nothing new comes; then the loader, when it has loaded what there is; then the rest.
    private mutating func stop(_ store: ControlStore) {
        let directory = tool.configuration.runtimeDirectory
        services[0].stop(seconds: Self.daemonSeconds, runtimeDirectory: directory)
        waitUntilLoaded(store)
        services[1].stop(seconds: Self.endSeconds, runtimeDirectory: directory)
        services[2].stop(seconds: Self.endSeconds, runtimeDirectory: directory)
        workers.stop(seconds: Self.endSeconds)
    }

    private func waitUntilLoaded(_ store: ControlStore) {
        guard isReady, services[1].child != nil,
            let last = try? LogFacts.lastSequence(tool.configuration.logDirectory), last > 0
        else { return }
        let limit = ContinuousClock.now + .seconds(Self.drainSeconds)
        while ContinuousClock.now < limit {
            let loaded = (try? store.read { try $0.loadCheckpoint()?.sequence }) ?? nil
            if let loaded, loaded >= last { return }
            guard services[1].child.map({ ProcessTable.isRunning($0.pid) }) == true else { return }
            usleep(100_000)
        }
    }
}

/// Waits for signals instead of being interrupted by them. They stay blocked in this process, not in its children.
struct SignalWaiter {
    private let set: sigset_t

    init(_ signals: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        self.set = set
    }

    /// The signal that came, nil where none did in that time.
    func wait(milliseconds: Int) -> Int32? {
        var set = set
        var time = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
        let signal = sigtimedwait(&set, nil, &time)
        return signal > 0 ? signal : nil
    }
}
