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

    /// Appends the cleaned URL to `text`. `dropsQuery` leaves no query at all.
    func append(_ url: UnsafeRawBufferPointer, dropsQuery: Bool, to text: inout [UInt8]) {
        let hash = url.firstIndex(of: UInt8(ascii: "#")) ?? url.endIndex
        appendCleaningQuery(url[..<hash], dropsQuery: dropsQuery, to: &text)
        let fragment = url[hash...].dropFirst()
        guard let first = fragment.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "!") else { return }
        text.append(UInt8(ascii: "#"))
        appendCleaningQuery(fragment, dropsQuery: dropsQuery, to: &text)
    }

    private func appendCleaningQuery(
        _ part: Slice<UnsafeRawBufferPointer>, dropsQuery: Bool, to text: inout [UInt8]
    ) {
        guard let mark = part.firstIndex(of: UInt8(ascii: "?")) else { return text.append(contentsOf: part) }
        text.append(contentsOf: part[..<mark])
        guard !dropsQuery else { return }
        var separator = UInt8(ascii: "?")
        var rest = part[mark...].dropFirst()
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
            let parameter = rest[..<end]
            rest = rest[end...].dropFirst()
            guard keeps(parameter.prefix { $0 != UInt8(ascii: "=") }) else { continue }
            text.append(separator)
            text.append(contentsOf: parameter)
            separator = UInt8(ascii: "&")
        }
    }

    private func keeps(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard !name.isEmpty else { return false }
        return keepsAll || name.starts(with: "utm_".utf8) || name.elementsEqual("ref".utf8)
            || names.contains { name.elementsEqual($0) }
    }
}
