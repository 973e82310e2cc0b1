/// Lines of columns for people: each as wide as its widest cell.
struct Table {
    private var rows: [[String]]

    /// An empty header is no line.
    init(_ header: [String]) { rows = header.isEmpty ? [] : [header] }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// Two spaces between columns, none at a line's end.
    var lines: [String] {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: max(0, width - cell.count) + 2)
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

/// Numbers and times for people.
enum Display {
    /// `12,345,678`.
    static func number(_ value: some BinaryInteger) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0 && index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + String(text.reversed())
    }

    /// `3.4 MiB`.
    static func bytes(_ value: some BinaryInteger) -> String {
        var size = Double(value)
        for unit in ["bytes", "KiB", "MiB", "GiB"] {
            if size < 1_024 { return unit == "bytes" ? "\(Int(size)) bytes" : "\(oneDigit(size)) \(unit)" }
            size /= 1_024
        }
        return "\(oneDigit(size)) TiB"
    }

    static func oneDigit(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    /// Two digits behind the point, as money is written.
    static func money(_ cents: Int64) -> String {
        let rest = cents.magnitude % 100
        return "\(cents < 0 ? "-" : "")\(cents.magnitude / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// `1.2 s`, `3 min`, `5 h`.
    static func duration(seconds: Double) -> String {
        switch seconds {
        case ..<90: "\(oneDigit(seconds)) s"
        case ..<5_400: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3_600)) h"
        default: "\(Int(seconds / 86_400)) days"
        }
    }
}
