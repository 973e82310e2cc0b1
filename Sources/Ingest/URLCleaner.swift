import EventModel
import Glibc

/// Takes from a URL what it should not have carried here: of the query all but `utm_*`, `ref` and what the project
/// names, of the fragment all that is no route.
struct URLCleaner: Sendable {
    /// Names of query parameters to keep as well.
    private let names: [[UInt8]]
    private let keepsAll: Bool

    init(keepQuery: [String]) {
        keepsAll = keepQuery.contains("*")
        names = keepQuery.map { [UInt8]($0.utf8) }
    }

    /// Appends the cleaned URL to the field being written. `dropsQuery` leaves no query at all.
    func append(_ url: UnsafeRawBufferPointer, dropsQuery: Bool, to writer: inout EventRecordWriter) {
        let hash = url.place(of: UInt8(ascii: "#")) ?? url.count
        appendCleaningQuery(url.part(0..<hash), dropsQuery: dropsQuery, to: &writer)
        guard hash + 1 < url.count, url[hash + 1] == UInt8(ascii: "/") || url[hash + 1] == UInt8(ascii: "!") else {
            return
        }
        writer.append(UInt8(ascii: "#"))
        appendCleaningQuery(url.part((hash + 1)..<url.count), dropsQuery: dropsQuery, to: &writer)
    }

    private func appendCleaningQuery(
        _ part: UnsafeRawBufferPointer, dropsQuery: Bool, to writer: inout EventRecordWriter
    ) {
        guard let mark = part.place(of: UInt8(ascii: "?")) else { return writer.append(part) }
        writer.append(part.part(0..<mark))
        guard !dropsQuery else { return }
        var separator = UInt8(ascii: "?")
        var start = mark + 1
        while start < part.count {
            let rest = part.part(start..<part.count)
            let parameter = rest.part(0..<(rest.place(of: UInt8(ascii: "&")) ?? rest.count))
            start += parameter.count + 1
            guard keeps(parameter.part(0..<(parameter.place(of: UInt8(ascii: "=")) ?? parameter.count))) else {
                continue
            }
            writer.append(separator)
            writer.append(parameter)
            separator = UInt8(ascii: "&")
        }
    }

    private func keeps(_ name: UnsafeRawBufferPointer) -> Bool {
        guard !name.isEmpty else { return false }
        return keepsAll || name.hasBeginning("utm_") || name.isEqual("ref")
            || names.contains { name.elementsEqual($0) }
    }
}

extension UnsafeRawBufferPointer {
    /// Where the byte stands first, counted from 0.
    func place(of byte: UInt8) -> Int? {
        guard let start = baseAddress, let found = memchr(start, Int32(byte), count) else { return nil }
        return UnsafeRawPointer(found) - start
    }

    func hasBeginning(_ text: StaticString) -> Bool {
        guard let start = baseAddress, count >= text.utf8CodeUnitCount else { return false }
        return memcmp(start, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
}
