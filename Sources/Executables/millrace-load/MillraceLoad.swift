import ArgumentParser
import EventModel
import Loading
import WorkerKit

/// The loader: takes events from the write-ahead log into sessions and Parquet files, each exactly once.
@main
struct MillraceLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace-load",
        abstract: "Loads events from the write-ahead log into sessions, funnel steps and Parquet files.",
        version: millraceVersion)

    @OptionGroup var options: ProgramOptions

    @Flag(help: "Load all that the log holds, and end.")
    var once = false

    func run() async throws {
        await Program.run("millrace-load", options) { configuration in
            try await LoaderService(configuration, once: once).runUntilStopped()
        }
    }
}
