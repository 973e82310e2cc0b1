import ArgumentParser
import ControlStore
import EventModel
import Warehouse

/// `millrace sql`: one reading statement over events and all tables, as one schema.
struct SQLCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Answer one SELECT over events, sessions and all tables and views.",
        discussion: """
            DuckDB answers it, read-only. `events` holds the events of all projects; every table of the control
            database has its own name: user_sessions, conversion_funnels, a_b_tests, jobs, kv_entries and so on.
            """)

    @OptionGroup var options: ToolOptions
    @Argument(help: "The statement, in quotes.") var statement: String
    @Flag(help: "Print an array of objects, times in ISO 8601.") var json = false
    @Flag(help: "Print CSV with a header (RFC 4180).") var csv = false

    var wantsJSON: Bool { json }

    func validate() throws {
        if json && csv { throw ValidationError("--json and --csv exclude each other") }
    }

    func perform(_ tool: Tool) throws {
        let schema = try QuerySchema(tool)
        let connection = try schema.connect()
        var printer: any RowPrinter =
            if json { JSONRowPrinter(console: tool.console) } else if csv {
                CSVRowPrinter(console: tool.console)
            } else { TextRowPrinter(console: tool.console) }
        try connection.forEachRow(
            statement, attempting: "answer the statement", columns: { printer.begin($0) },
            { row in printer.print(row) })
        printer.end()
    }
}
