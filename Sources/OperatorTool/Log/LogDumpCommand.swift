import ArgumentParser
import EventModel
import Glibc
import WriteAheadLog

extension LogCommand {
    /// `millrace log dump`: every record from a number on.
    struct Dump: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Print the log's events from a number on.")

        @OptionGroup var options: ToolOptions
        @Option(help: "The first sequence number. Default: the first that there is.") var from: UInt64?
        @Flag(help: "Print NDJSON: an object with the event a line.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            guard from != 0 else { throw ToolError(.usage, "--from is a sequence number, and the first is 1") }
            let directory = tool.configuration.logDirectory
            let status = try LogDirectory.status(directory)
            guard let first = from ?? status.firstSequence, first <= status.lastSequence else { return }
            var reader = try LogReader(directory: directory, after: first - 1, isKeeping: false)
            var printer = RecordPrinter(json: json, console: tool.console)
            while try printer.printNext(from: &reader, limit: 1_024) > 0 {}
            for loss in reader.losses { tool.console.note("millrace: \(loss.description)") }
            if printer.unreadable > 0 || !reader.losses.isEmpty { throw EndedWith(.badData) }
        }
    }

    /// `millrace log tail`: the newest records, and with `-f` those that come.
    struct Tail: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Print the newest events; -f goes on as they come.")

        @OptionGroup var options: ToolOptions
        @Flag(name: .short, help: "Wait for more, until Ctrl-C.") var follow = false
        @Option(name: .short, help: "How many records to begin with.") var number: UInt64 = 10
        @Flag(help: "Print NDJSON: an object with the event a line.") var json = false

        var wantsJSON: Bool { json }
        /// How long to wait at the log's end before asking again.
        private static let pauseMicroseconds: UInt32 = 200_000

        func perform(_ tool: Tool) throws {
            let directory = tool.configuration.logDirectory
            let last = try LogDirectory.status(directory).lastSequence
            var reader = try LogReader(
                directory: directory, after: last > number ? last - number : 0, isKeeping: false)
            var printer = RecordPrinter(json: json, console: tool.console)
            while !printer.isClosed {
                guard try printer.printNext(from: &reader, limit: 256) == 0 else { continue }
                guard follow else { return }
                usleep(Self.pauseMicroseconds)
            }
        }
    }
}

/// Prints records as they are read.
struct RecordPrinter {
    private(set) var unreadable = 0
    /// Nobody reads the output any more.
    private(set) var isClosed = false
    private let json: Bool
    private let console: Console
    private var writer = JSONWriter()

    init(json: Bool, console: Console) {
        self.json = json
        self.console = console
    }

    /// Prints up to `limit` records; how many there were, 0 at the end for now.
    mutating func printNext(from reader: inout LogReader, limit: Int) throws(LogError) -> Int {
        guard !isClosed else { return 0 }
        var lines = ""
        writer.removeAll()
        let count = try reader.read(limit: limit) { sequence, bytes in
            do {
                let event = try Event(record: bytes)
                if json { write(event, sequence) } else { lines += Self.line(event, sequence) }
            } catch {
                unreadable += 1
                console.note("millrace: record \(sequence) cannot be read: \(error)")
            }
        }
        isClosed = !console.bytes(json ? writer.bytes : Array(lines.utf8))
        return count
    }

    private mutating func write(_ event: Event, _ sequence: UInt64) {
        writer.object { json in
            json.member("sequence", sequence)
            json.member("received_at", event.receivedAt.description)
            json.member("project_id", event.projectID.rawValue)
            event.write(to: &json, as: "event")
        }
        writer.endLine()
    }

    private static func line(_ event: Event, _ sequence: UInt64) -> String {
        let who = event.userID ?? event.sessionID ?? "-"
        return "\(sequence)  \(event.receivedAt)  \(event.projectID)  \(event.eventType)  \(who)  \(event.pageURL)\n"
    }
}
