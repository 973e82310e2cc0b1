import ArgumentParser
import EventModel
import Ingest
import Logging
import Settings
import WorkerKit

/// The ingest daemon: takes beacons, and answers once they are on the disk.
@main
struct Millraced: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millraced",
        abstract: "Takes beacons over HTTP and sockets, and answers once they are on the disk.",
        version: millraceVersion)

    @OptionGroup var options: ProgramOptions

    func run() async {
        await Program.run("millraced", options) { configuration in
            try await IngestDaemon.runUntilSignalled(configuration, logger: Logger(label: "millraced")) { [options] in
                try options.configuration()
            }
        }
    }
}
