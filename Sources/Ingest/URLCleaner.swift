import EventModel
import Glibc

/// Takes from a URL what it should not have carried here: a user's name and password before the host
/// (`https://user:word@host/`), of the query all but `utm_*`, `ref` and what the project names, of the fragment all
/// that is no route.
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
        var place = url.part(0..<hash)
        if place.place(of: UInt8(ascii: "@")) != nil, let user = Self.user(in: place) {
            writer.append(place.part(0..<user.lowerBound))
            place = place.part(user.upperBound..<hash)
        }
        appendCleaningQuery(place, dropsQuery: dropsQuery, to: &writer)
        guard hash + 1 < url.count, url[hash + 1] == UInt8(ascii: "/") || url[hash + 1] == UInt8(ascii: "!") else {
            return
        }
        writer.append(UInt8(ascii: "#"))
        appendCleaningQuery(url.part((hash + 1)..<url.count), dropsQuery: dropsQuery, to: &writer)
    }

    /// Where `user:word@` stands. As browsers read it (WHATWG URL, 4.4): what follows the slashes up to the last `@`
    /// before the path, where the web's own schemes need no slashes, and those without a scheme two, of either kind.
    private static func user(in url: UnsafeRawBufferPointer) -> Range<Int>? {
        let text = url.firstIndex { $0 > 0x20 } ?? url.count
        let scheme = schemeEnd(url, from: text)
        let isWeb = scheme.map { end in webSchemes.contains { url.part(text..<end).isEqualIgnoringCase($0) } } ?? true
        var start = scheme.map { $0 + 1 } ?? text
        let slashes = url[start...].prefix { isSlash($0, isWeb) }.count
        guard slashes >= 2 || (isWeb && scheme != nil) else { return nil }
        start += isWeb ? slashes : 2
        let end = url[start...].firstIndex { $0 == UInt8(ascii: "?") || isSlash($0, isWeb) } ?? url.count
        return url[start..<end].lastIndex(of: UInt8(ascii: "@")).map { start..<($0 + 1) }
    }

    private static let webSchemes: [StaticString] = ["https", "http", "wss", "ws", "ftp"]

    private static func isSlash(_ byte: UInt8, _ isWeb: Bool) -> Bool {
        byte == UInt8(ascii: "/") || (isWeb && byte == UInt8(ascii: "\\"))
    }

    /// Where the colon behind a scheme stands; nil where the URL has none.
    private static func schemeEnd(_ url: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let colon = url[start...].firstIndex(of: UInt8(ascii: ":")), colon > start else { return nil }
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
        let isScheme = url[start..<colon].allSatisfy {
            isLetter($0) || (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E].contains($0)
        }
        return isScheme && isLetter(url[start]) ? colon : nil
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
