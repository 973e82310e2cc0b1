import ArgumentParser
import ControlStore
import EventModel
import WriteAheadLog

/// `millrace log`: looks at the write-ahead log.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Look at the write-ahead log, and check it.",
        subcommands: [Status.self, Verify.self, Tail.self, Dump.self])

    struct Status: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Show the log's segments and sequence numbers.")

        @OptionGroup var options: ToolOptions
        @Flag(help: "Print an object.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let status = try LogDirectory.status(tool.configuration.logDirectory)
            // Without a database nothing is loaded, and the log can be looked at.
            let loaded = (try? tool.store().read { try $0.loadCheckpoint()?.sequence }) ?? nil
            let daemon = DaemonStatus.read(directory: tool.configuration.statusDirectory)
            let durable = LogFacts.durableSequence(status, daemon, loaded: loaded)
            guard !json else {
                return tool.console.json { write(status, durable: durable, loaded: loaded, to: &$0) }
            }
            tool.console.line("log       \(status.logID), \(Display.bytes(status.occupiedBytes)) on the disk")
            tool.console.line("records   \(status.firstSequence.map { "\($0)" } ?? "none") to \(status.lastSequence)")
            tool.console.line("durable   \(durable)")
            tool.console.line("loaded    \(loaded.map { "\($0)" } ?? "nothing yet")")
            var table = Table(["SEGMENT", "FIRST", "LAST", "SIZE", "BEGUN", "SEALED"])
            for segment in status.segments {
                table.add([
                    segment.name, "\(segment.firstSequence)", segment.lastSequence.map { "\($0)" } ?? "-",
                    Display.bytes(segment.bytes), segment.createdAt.wholeSecondsText,
                    segment.sealedAt?.wholeSecondsText ?? "-",
                ])
            }
            for line in table.lines { tool.console.line(line) }
        }

        private func write(_ status: LogStatus, durable: UInt64, loaded: UInt64?, to json: inout JSONWriter) {
            json.object { json in
                json.member("log_id", status.logID.hex)
                json.member("first_sequence", status.firstSequence)
                json.member("last_sequence", status.lastSequence)
                json.member("durable_sequence", durable)
                json.member("loaded_sequence", loaded)
                json.member("last_written_at", status.lastWrittenAt?.description)
                json.member("bytes", status.bytes)
                json.array("segments") { json in
                    for segment in status.segments {
                        json.object { json in
                            json.member("name", segment.name)
                            json.member("first_sequence", segment.firstSequence)
                            json.member("last_sequence", segment.lastSequence)
                            json.member("bytes", segment.bytes)
                            json.member("created_at", segment.createdAt.description)
                            json.member("sealed_at", segment.sealedAt?.description)
                        }
                    }
                }
            }
        }
    }

    struct Verify: ToolCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every record and check it; exit code 65 where some are lost.")

        @OptionGroup var options: ToolOptions
        @Flag(help: "Print an object.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let report = try LogDirectory.verify(tool.configuration.logDirectory)
            if json {
                tool.console.json { json in
                    json.object { json in
                        json.member("segments", report.segments)
                        json.member("groups", report.groups)
                        json.member("records", report.records)
                        json.member("first_sequence", report.firstSequence)
                        json.member("last_sequence", report.lastSequence)
                        json.member("lost_records", report.lostRecords)
                        json.array("losses") { json in
                            for loss in report.losses {
                                json.object { json in
                                    json.member("first_sequence", loss.sequences.lowerBound)
                                    json.member("last_sequence", loss.sequences.upperBound)
                                    json.member("segment", loss.segment)
                                    json.member("offset", loss.offset)
                                }
                            }
                        }
                    }
                }
            } else {
                for loss in report.losses { tool.console.line(loss.description) }
                tool.console.line(
                    "\(Display.number(report.records)) records in \(report.segments) segments, up to "
                        + "\(report.lastSequence): \(report.isSound ? "sound" : "\(report.lostRecords) lost")")
            }
            if !report.isSound { throw EndedWith(.badData) }
        }
    }
}
