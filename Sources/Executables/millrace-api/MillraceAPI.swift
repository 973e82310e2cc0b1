import API
import ArgumentParser
import Dashboard
import EventModel
import WorkerKit

/// The HTTP API and the dashboards.
@main
struct MillraceAPI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace-api",
        abstract: "Answers the HTTP API and serves the dashboards.",
        version: millraceVersion)

    @OptionGroup var options: ProgramOptions

    func run() async {
        await Program.run("millrace-api", options) { configuration in
            try await APIServer.runUntilSignalled(configuration, pages: [{ Dashboard.add(to: $0, services: $1) }]) {
                try options.configuration()
            }
        }
    }
}
