import ArgumentParser
import ControlStore
import EventModel
import Glibc
import JobQueue

/// `millrace jobs run`: queues a job, and waits for its end where that is asked for.
struct JobsRunCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Queue a job; with --wait, wait until it has ended.")

    @OptionGroup var options: ToolOptions
    @Argument(help: "aggregate, refresh, retain, …") var kind: JobKind
    @Option(help: "What the job is told, a JSON object.") var payload = "{}"
    @Flag(help: "Wait for its end; exit code 1 where it failed.") var wait = false
    @Option(help: "How long to wait, in seconds; exit code 75 after it.") var timeout = 600
    @Flag(help: "Print the job's columns as an object.") var json = false

    var wantsJSON: Bool { json }

    func perform(_ tool: Tool) throws {
        let store = try tool.store()
        let queue = tool.queue(store)
        let job = try queue.enqueue(JobRequest(kind, payload: payload, askedBy: .cli)).job
        guard wait else {
            if json { return try JobColumns.show(job.id, in: store, asJSON: true, tool.console) }
            return tool.console.line("Queued \(job.id); `millrace jobs show \(job.id)` tells how far it is.")
        }
        var watch = JobWatch(tool: tool, queue: queue, id: job.id)
        let ended = try watch.waitForEnd(seconds: timeout)
        if json {
            try JobColumns.show(ended.id, in: store, asJSON: true, tool.console)
        } else {
            let message =
                ended.errors.last.map { ": \($0.error)" } ?? (ended.message.isEmpty ? "" : ": \(ended.message)")
            tool.console.line("\(ended.id) is \(ended.state.rawValue)\(ended.state == .completed ? "" : message).")
        }
        if ended.state != .completed { throw EndedWith(.failed) }
    }
}

extension JobQueue {
    /// Queues one job of a request.
    fileprivate func enqueue(_ request: JobRequest) throws -> EnqueuedJob {
        guard let queued = try enqueue([request]).first else {
            throw ToolError(.failed, "the job was not queued; try again")
        }
        return queued
    }
}

/// Waits for a job's end, and starts its worker where nobody else does.
struct JobWatch {
    /// A worker that something watches the wake files for takes the job within this.
    private static let patienceSeconds = 3.0

    let tool: Tool
    let queue: JobQueue
    let id: JobID
    private var worker: ChildProcess?
    private let startedAt = ContinuousClock.now

    init(tool: Tool, queue: JobQueue, id: JobID) {
        self.tool = tool
        self.queue = queue
        self.id = id
    }

    mutating func waitForEnd(seconds: Int) throws -> Job {
        let limit = startedAt + .seconds(seconds)
        var nextTick = startedAt + .seconds(1)
        while true {
            guard let job = try queue.job(id) else { throw ToolError(.notFound, "the job \(id) is gone") }
            if job.state.isFinal {
                tool.console.endProgress()
                _ = worker?.waitForEnd(seconds: 30)
                return job
            }
            tool.console.progress("\(id) is \(job.state.rawValue), \(Int(job.progress * 100)) %  \(job.message)")
            if ContinuousClock.now >= nextTick {
                nextTick = .now + .seconds(1)
                try queue.promoteDue()
                try startWorkerIfNeeded(job)
            }
            guard ContinuousClock.now < limit else {
                worker?.stop(seconds: 30)
                throw ToolError(
                    .tryAgain,
                    "\(id) is still \(job.state.rawValue) after \(seconds) s; `millrace jobs show \(id)` tells more")
            }
            usleep(100_000)
        }
    }

    private mutating func startWorkerIfNeeded(_ job: Job) throws {
        if let end = worker?.end() {
            worker = nil
            guard end == .exited(0) else {
                throw ChildFailure(
                    exitCode: end.exitCode, description: "the worker \(end.sentence): \(lastWords)")
            }
        }
        guard worker == nil, job.state == .available,
            startedAt.duration(to: .now) > .seconds(Self.patienceSeconds)
        else { return }
        let path = "\(ProcessTable.ownDirectory())/millrace-\(job.kind.rawValue)"
        guard access(path, X_OK) == 0 else {
            throw ToolError(
                .unavailable, "nobody works on \(job.kind.rawValue) jobs here, and there is no program \(path)")
        }
        let config = tool.configurationFile.map { ["--config", $0] } ?? []
        try tool.makeDirectory(tool.configuration.runtimeDirectory)
        worker = try ChildProcess.start(
            path, config + WorkerStart.arguments, environment: tool.environment, output: output)
    }

    private var output: String { "\(tool.configuration.runtimeDirectory)/jobs-run.out" }

    private var lastWords: String { TextFile.lastSentence(of: output) ?? "see \(output)" }
}
