import ArgumentParser
import EventModel
import JobQueue

/// What a worker's command line takes beyond every program's.
package struct WorkerOptions: ParsableArguments {
    @OptionGroup package var program: ProgramOptions

    @Flag(help: "Queue the slot that is planned now and those missed, as the timer's unit does, and drain.")
    package var scheduled = false

    @Option(help: ArgumentHelp("Queue a job in this slot, such as 2025-01-01T12:00Z.", valueName: "slot"))
    package var slot: String?

    @Option(help: ArgumentHelp("Run this one job, which must be available.", valueName: "job"))
    package var once: String?

    @Option(help: ArgumentHelp("What the job is told, as JSON.", valueName: "json"))
    package var payload: String?

    @Flag(help: "Show what a run would give, and keep nothing.")
    package var dryRun = false

    @Flag(help: "Write the jobs that were run, or the error, as JSON.")
    package var json = false

    package init() {}

    package func validate() throws {
        if scheduled, slot != nil || once != nil || payload != nil || dryRun {
            throw ValidationError("--scheduled goes without --slot, --once, --payload and --dry-run")
        }
        if once != nil, slot != nil || payload != nil || dryRun {
            throw ValidationError("--once goes without --slot, --payload and --dry-run: the job has its own")
        }
        if let slot, Slot(text: slot) == nil {
            throw ValidationError("--slot \"\(slot)\" is no slot; write a time such as 2025-01-01T12:00Z")
        }
    }

    /// The slot that was named, else one of the request's own.
    var wantedSlot: Slot { slot.flatMap { Slot(text: $0) } ?? .request }
}
