import ArgumentParser
import EventModel
import JobQueue

/// `millrace status`: one screen that says how things are.
struct StatusCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show daemon, log, lag, jobs, sources, disk and refused beacons.",
        discussion: """
            --json prints an object: daemon {running, pid, started_at, listeners, warnings, last_error}, log
            {last_sequence, durable_sequence, loaded_sequence, lag_seconds, segments, bytes, refusal (why the daemon's
            log takes nothing now), loader_running, loader_error}, jobs (the ten newest), sources (of funnel:live),
            beacons {accepted, duplicate, bot, invalid, limited, unavailable: each event that the daemon answered is
            in one of them, since the time in since; loaded, late_duplicate (seen by the loader alone), dead_letters;
            refusals by reason},
            disk {free_bytes, total_bytes, log_bytes, event_files, event_bytes}, dead_letters, error (why the database
            says nothing). Null is unknown.
            """)

    @OptionGroup var options: ToolOptions
    @Flag(help: "Print an object.") var json = false
    @Flag(help: "Print one line.") var line = false

    var wantsJSON: Bool { json }

    func perform(_ tool: Tool) throws {
        let report = StatusReport(tool)
        if json {
            tool.console.json { report.write(to: &$0) }
        } else if line {
            tool.console.line(report.line)
        } else {
            report.print(tool.console)
        }
    }
}

extension StatusReport {
    func write(to json: inout JSONWriter) {
        json.object { json in
            writeDaemon(to: &json)
            writeLog(to: &json)
            json.array("jobs") { json in for job in jobs { Self.write(job, to: &json) } }
            json.member("sources", json: sources)
            writeBeacons(to: &json)
            json.object("disk") { json in
                json.member("free_bytes", disk?.freeBytes)
                json.member("total_bytes", disk?.totalBytes)
                json.member("log_bytes", log?.occupiedBytes)
                json.member("event_files", eventFiles)
                json.member("event_bytes", eventBytes)
            }
            json.member("dead_letters", deadLetters)
            json.member("error", storeError)
        }
    }

    private func writeDaemon(to json: inout JSONWriter) {
        json.object("daemon") { json in
            json.member("running", daemon?.isRunning ?? false)
            json.member("pid", daemon?.pid)
            json.member("started_at", daemon?.startedAt)
            json.array("listeners") { json in for listener in daemon?.listeners ?? [] { json.element(listener) } }
            json.array("warnings") { json in for warning in daemon?.warnings ?? [] { json.element(warning) } }
            json.member("last_error", daemon?.lastError)
        }
    }

    private func writeLog(to json: inout JSONWriter) {
        json.object("log") { json in
            json.member("last_sequence", lastSequence)
            json.member("durable_sequence", durableSequence)
            json.member("loaded_sequence", loadedSequence)
            json.member("lag_seconds", lagSeconds)
            json.member("segments", log?.segments.count)
            json.member("bytes", log?.bytes)
            json.member("refusal", daemon?.isRunning == true ? daemon?.logRefusal : nil)
            json.member("loader_running", loader?.isRunning ?? false)
            json.member("loader_error", loader?.lastError)
        }
    }

    private func writeBeacons(to json: inout JSONWriter) {
        json.object("beacons") { json in
            let beacons = daemon?.beacons
            json.member("accepted", beacons?.accepted)
            json.member("duplicate", beacons?.duplicate)
            json.member("bot", beacons?.bot)
            json.member("invalid", beacons?.invalid)
            json.member("limited", beacons?.limited)
            json.member("unavailable", beacons?.unavailable)
            json.member("since", beacons?.since)
            json.member("loaded", counters[.loaded] ?? 0)
            json.member("late_duplicate", counters[.lateDuplicate] ?? 0)
            json.member("dead_letters", deadLetters)
            json.object("refusals") { json in
                for (reason, count) in (daemon?.refusals ?? [:]).sorted(by: { $0.key < $1.key }) {
                    json.member(reason, count)
                }
            }
        }
    }

    private static func write(_ job: Job, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", job.id.rawValue)
            json.member("kind", job.kind.rawValue)
            json.member("slot", job.slot)
            json.member("state", job.state.rawValue)
            json.member("attempt", job.attempt)
            json.member("progress", job.progress)
            json.member("message", job.message)
            json.member("queued_at", job.queuedAt.description)
            json.member("finished_at", job.finishedAt?.description)
        }
    }

    /// A running daemon knows what it wrote last; a log without one is asked itself.
    private var lastSequence: UInt64? { max(daemon?.lastSequence ?? 0, log?.lastSequence ?? 0) }

    private var durableSequence: UInt64? { LogFacts.durableSequence(log, daemon, loaded: loadedSequence) }

    func print(_ console: Console) {
        let isRunning = daemon?.isRunning ?? false
        let state = isRunning ? console.coloured("running", .green) : console.coloured("not running", .red)
        console.line("Daemon    \(state)\(isRunning ? " since \(daemon?.startedAt ?? "")" : "")")
        for warning in daemon?.warnings ?? [] { console.line("          warning: \(warning)") }
        if let error = daemon?.lastError { console.line("          last error: \(error)") }
        let numbers = [lastSequence, durableSequence, loadedSequence].map { $0.map { Display.number($0) } ?? "-" }
        console.line("Log       last \(numbers[0]), durable \(numbers[1]), loaded \(numbers[2])")
        if isRunning, let refusal = daemon?.logRefusal {
            console.line("          \(console.coloured("refusing beacons (503)", .red)): \(refusal)")
        }
        let lag = lagSeconds.map { Display.duration(seconds: $0) } ?? "unknown"
        console.line("Loader    \(loader?.isRunning == true ? "running" : "not running"), lag \(lag)")
        if let error = loader?.lastError { console.line("          last error: \(error)") }
        printBeacons(console)
        console.line("Sources   \(sourceStates.isEmpty ? "no aggregation yet" : sourceStates)")
        if let disk {
            let free = Display.bytes(disk.freeBytes)
            let files = "\(eventFiles) event files of \(Display.bytes(eventBytes))"
            console.line(
                "Disk      \(free) free of \(Display.bytes(disk.totalBytes)); "
                    + "\(files), log \(Display.bytes(log?.occupiedBytes ?? 0))"
            )
        }
        console.line("Letters   \(deadLetters) dead letters")
        if let storeError { console.line(console.coloured("Database  \(storeError)", .red)) }
        guard !jobs.isEmpty else { return }
        var table = Table(["JOB", "KIND", "SLOT", "STATE", "MESSAGE"])
        for job in jobs {
            table.add([job.id.rawValue, job.kind.rawValue, job.slot, job.state.rawValue, job.message])
        }
        for line in table.lines { console.line(line) }
    }

    private func printBeacons(_ console: Console) {
        guard let beacons = daemon?.beacons else { return console.line("Beacons   none counted yet") }
        console.line(
            "Beacons   \(Display.number(beacons.accepted)) accepted, \(beacons.duplicate) duplicate, "
                + "\(beacons.bot) bot, "
                + "\(beacons.invalid) invalid, \(beacons.limited) limited, \(beacons.unavailable) unavailable, "
                + "since \(beacons.since)"
        )
        for (reason, count) in (daemon?.refusals ?? [:]).sorted(by: { $0.value > $1.value }).prefix(5) {
            console.line("          refused \(count): \(reason)")
        }
    }
}
