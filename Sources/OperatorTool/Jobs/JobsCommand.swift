import ArgumentParser
import ControlStore
import EventModel
import JobQueue

extension JobKind: ExpressibleByArgument {}
extension JobState: ExpressibleByArgument {}

extension Tool {
    /// The job table over an open store.
    func queue(_ store: ControlStore) -> JobQueue {
        let settings = configuration.jobs
        return JobQueue(
            store: store,
            configuration: JobQueueConfiguration(
                maxAttempts: settings.maxAttempts, backoff: .seconds(settings.backoffSeconds),
                lease: .seconds(settings.leaseSeconds), wakeDirectory: configuration.wakeDirectory))
    }
}

/// `millrace jobs`: the job table.
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "List, show, queue and move jobs.",
        subcommands: [List.self, Show.self, JobsRunCommand.self, Retry.self, Cancel.self, Tick.self])

    struct List: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "List jobs, the newest first.")

        @OptionGroup var options: ToolOptions
        @Option(help: "Only jobs in this state.") var state: JobState?
        @Option(help: "Only jobs of this kind.") var kind: JobKind?
        @Option(help: "The most jobs to list.") var limit = 50
        @Flag(help: "Print an array of objects.") var json = false

        var wantsJSON: Bool { json }

        func validate() throws {
            if limit < 1 { throw ValidationError("--limit must be at least 1") }
        }

        func perform(_ tool: Tool) throws {
            let store = try tool.store()
            let jobs = try tool.queue(store).list(state: state, kind: kind, limit: limit)
            guard !json else {
                let rows = try store.read { transaction in
                    try jobs.flatMap { try transaction.storedRows(of: "jobs", where: "id", is: $0.id.rawValue) }
                }
                return tool.console.json { json in
                    json.array { json in for row in rows { JobColumns.write(row, to: &json) } }
                }
            }
            var table = Table(["ID", "KIND", "SLOT", "STATE", "ATTEMPT", "QUEUED", "MESSAGE"])
            for job in jobs {
                table.add([
                    job.id.rawValue, job.kind.rawValue, job.slot, job.state.rawValue,
                    "\(job.attempt)/\(job.maxAttempts)", job.queuedAt.wholeSecondsText, job.message,
                ])
            }
            for line in table.lines { tool.console.line(line) }
        }
    }

    struct Show: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Show all columns of a job.")

        @OptionGroup var options: ToolOptions
        @Argument(help: "The job's id, job_…") var id: String
        @Flag(help: "Print an object.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            try JobColumns.show(JobID(rawValue: id), in: tool.store(), asJSON: json, tool.console)
        }
    }

    struct Retry: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Make a discarded or cancelled job available again.")

        @OptionGroup var options: ToolOptions
        @Argument(help: "The job's id, job_…") var id: String

        func perform(_ tool: Tool) throws {
            let job = try tool.queue(try tool.store()).retry(JobID(rawValue: id))
            tool.console.line("\(job.id) is \(job.state.rawValue).")
        }
    }

    struct Cancel: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Cancel a job and those that wait for it.")

        @OptionGroup var options: ToolOptions
        @Argument(help: "The job's id, job_…") var id: String

        func perform(_ tool: Tool) throws {
            let job = try tool.queue(try tool.store()).cancel(JobID(rawValue: id))
            tool.console.line("\(job.id) is \(job.state.rawValue).")
        }
    }

    struct Tick: ToolCommand {
        static let configuration = CommandConfiguration(
            abstract: "Rescue jobs of dead workers, start what is due, wake workers. A timer runs this every minute.")

        @OptionGroup var options: ToolOptions
        @Flag(help: "Print an object.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let store = try tool.store()
            let result = try tool.queue(store).tick()
            try tool.publishSnapshot(store)
            guard !json else {
                return tool.console.json { json in
                    json.object { json in
                        json.array("rescued") { json in for id in result.rescued { json.element(id.rawValue) } }
                        json.array("promoted") { json in for id in result.promoted { json.element(id.rawValue) } }
                        json.array("waiting") { json in for kind in result.waiting { json.element(kind.rawValue) } }
                    }
                }
            }
            let waiting = result.waiting.isEmpty ? "none" : result.waiting.map(\.rawValue).joined(separator: ", ")
            tool.console.line(
                "rescued \(result.rescued.count), started \(result.promoted.count), kinds with waiting jobs: \(waiting)"
            )
        }
    }
}

/// A job's columns as they stand in the database.
enum JobColumns {
    private static let jsonColumns: Set<String> = ["payload", "errors", "result"]

    static func write(_ row: [(name: String, value: StoredValue)], to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in row {
                switch value {
                case .null: json.member(name, json: "null")
                case .integer(let number): json.member(name, number)
                case .real(let number): json.member(name, number)
                case .text(let text):
                    if jsonColumns.contains(name) { json.member(name, json: text) } else { json.member(name, text) }
                }
            }
        }
    }

    static func show(_ id: JobID, in store: ControlStore, asJSON: Bool, _ console: Console) throws {
        let rows = try store.read { try $0.storedRows(of: "jobs", where: "id", is: id.rawValue) }
        guard let row = rows.first else {
            throw ToolError(.notFound, "there is no job \(id); `millrace jobs list` shows those there are")
        }
        guard !asJSON else { return console.json { write(row, to: &$0) } }
        var table = Table([])
        for (name, value) in row {
            let text =
                switch value {
                case .null: "-"
                case .integer(let number): "\(number)"
                case .real(let number): "\(number)"
                case .text(let text): text
                }
            table.add([name, text])
        }
        for line in table.lines { console.line(line) }
    }
}
