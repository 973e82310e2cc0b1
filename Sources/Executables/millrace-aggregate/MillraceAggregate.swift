import ArgumentParser
import EventModel
import Jobs
import Settings
import WorkerKit

/// The aggregation: every 12 hours, the funnel records of every project.
@main
struct MillraceAggregate: WorkerProgram {
    static let configuration = CommandConfiguration(
        commandName: "millrace-aggregate",
        abstract: "Makes the records funnel:live, funnel:daily and funnel:summary of every project.",
        version: millraceVersion)

    @OptionGroup var options: WorkerOptions

    func makeHandler(_ configuration: Configuration) throws -> any JobHandler {
        AggregationHandler(configuration)
    }
}
