import EventModel

extension Value {
    /// The value as JSON text: times as ISO 8601, blobs as hexadecimal digits, maps with text keys as objects, other
    /// maps as a list of `{"key", "value"}`; numbers that JSON lacks (infinity, not a number) as null.
    package var json: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// Appends the JSON text.
    package func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .boolean, .integer, .hugeInteger, .decimal: text += description
        case .double(let value): text += value.isFinite ? description : "null"
        case .text(let value): text += JSONWriter.quoted(value)
        case .blob, .uuid, .timestamp, .date, .time: text += JSONWriter.quoted(description)
        case .list(let values): Self.writeList(values, to: &text) { $0.write(to: &$1) }
        case .structure(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                text += JSONWriter.quoted(member.name)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        case .map(let entries): Self.writeMap(entries, to: &text)
        }
    }

    private static func writeMap(_ entries: [Entry], to text: inout String) {
        let members = entries.compactMap { entry in entry.key.text.map { Member(name: $0, value: entry.value) } }
        if members.count == entries.count { return Value.structure(members).write(to: &text) }
        writeList(entries, to: &text) { entry, text in
            Value.structure([Member(name: "key", value: entry.key), Member(name: "value", value: entry.value)])
                .write(to: &text)
        }
    }

    private static func writeList<Element>(
        _ elements: [Element], to text: inout String, _ write: (Element, inout String) -> Void
    ) {
        text += "["
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            write(element, &text)
        }
        text += "]"
    }
}
