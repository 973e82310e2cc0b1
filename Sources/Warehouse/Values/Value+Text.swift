import EventModel

extension Value: CustomStringConvertible {
    /// The value as a cell of CSV or of a terminal's table: texts as they are, times as ISO 8601 in UTC, lists,
    /// structures and maps as JSON, null as nothing.
    package var description: String {
        switch self {
        case .null: ""
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .hugeInteger(let value): String(value)
        case .decimal(let unscaled, let scale): Self.decimalText(unscaled, scale: scale)
        case .double(let value): Self.doubleText(value)
        case .text(let value): value
        case .blob(let value): "\\x" + hexText(value)
        case .uuid(let value): value.description
        case .timestamp(let microseconds): Self.timestampText(microseconds)
        case .date(let day): day.description
        case .time(let microseconds): Self.timeText(microseconds)
        case .list, .structure, .map: json
        }
    }

    private static func decimalText(_ unscaled: Int128, scale: Int) -> String {
        let digits = String(unscaled.magnitude)
        guard scale > 0 else { return unscaled < 0 ? "-" + digits : digits }
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        return (unscaled < 0 ? "-" : "") + padded.dropLast(scale) + "." + padded.suffix(scale)
    }

    private static func doubleText(_ value: Double) -> String {
        guard value.isFinite, value == value.rounded(), abs(value) < 1e15 else { return "\(value)" }
        return value == 0 && value.sign == .minus ? "-0" : String(Int64(value))
    }

    /// Microseconds are written where there are any.
    private static func timestampText(_ microseconds: Int64) -> String {
        if microseconds == .max { return "infinity" }
        if microseconds == -.max { return "-infinity" }
        let milliseconds = floorDivide(microseconds, 1_000)
        let text = Timestamp(milliseconds: milliseconds).description
        let rest = microseconds - milliseconds * 1_000
        return rest == 0 ? text : text.dropLast() + padded(rest, 3) + "Z"
    }

    private static func timeText(_ microseconds: Int64) -> String {
        let seconds = microseconds / 1_000_000
        let text = "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        let rest = microseconds % 1_000_000
        return rest == 0 ? text : "\(text).\(padded(rest, 6))"
    }

    private static func padded(_ value: Int64, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
