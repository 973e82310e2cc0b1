import EventModel
import Warehouse

/// Prints the rows of an answer in one form.
protocol RowPrinter {
    mutating func begin(_ columns: [QueryResult.Column])
    /// False where nobody reads any more.
    mutating func print(_ row: [Value]) -> Bool
    mutating func end()
}

/// An array of objects, a row a line.
struct JSONRowPrinter: RowPrinter {
    let console: Console
    private var names: [String] = []
    private var count = 0

    init(console: Console) { self.console = console }

    mutating func begin(_ columns: [QueryResult.Column]) {
        names = columns.map(\.name)
        console.bytes([UInt8(ascii: "[")])
    }

    mutating func print(_ row: [Value]) -> Bool {
        var json = JSONWriter()
        json.object { json in
            for (name, value) in zip(names, row) { json.member(name, json: value.json) }
        }
        count += 1
        let separator = count == 1 ? "\n" : ",\n"
        return console.bytes(Array(separator.utf8) + json.bytes)
    }

    mutating func end() { console.line(count == 0 ? "]" : "\n]") }
}

/// RFC 4180: a header, fields in quotes where they need them, lines that end with CR LF.
struct CSVRowPrinter: RowPrinter {
    let console: Console

    mutating func begin(_ columns: [QueryResult.Column]) { _ = write(columns.map(\.name)) }

    mutating func print(_ row: [Value]) -> Bool { write(row.map { $0.isNull ? "" : $0.description }) }

    mutating func end() {}

    private func write(_ fields: [String]) -> Bool {
        let line = fields.map(Self.field).joined(separator: ",") + "\r\n"
        return console.bytes(Array(line.utf8))
    }

    private static func field(_ text: String) -> String {
        let special: Set<UInt8> = [0x22, 0x2C, 0x0A, 0x0D]
        let needsQuotes = text.utf8.contains(where: special.contains)
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}

/// Columns for people; the widths are those of the first rows.
struct TextRowPrinter: RowPrinter {
    /// Rows that are kept until the columns' widths are known.
    private static let sampleRows = 1_000

    let console: Console
    private var table = Table([])
    private var pending = 0
    private var count = 0

    init(console: Console) { self.console = console }

    mutating func begin(_ columns: [QueryResult.Column]) { table = Table(columns.map(\.name)) }

    mutating func print(_ row: [Value]) -> Bool {
        table.add(row.map { $0.isNull ? "-" : $0.description })
        pending += 1
        count += 1
        guard pending == Self.sampleRows else { return true }
        return flush()
    }

    mutating func end() {
        _ = flush()
        console.note("\(Display.number(count)) row\(count == 1 ? "" : "s")")
    }

    private mutating func flush() -> Bool {
        let lines = table.lines
        pending = 0
        guard !lines.isEmpty else { return true }
        guard console.bytes(Array((lines.joined(separator: "\n") + "\n").utf8)) else { return false }
        table = Table([])
        return true
    }
}
