import Crypto
import EventModel

/// Something that is served as it is, with its headers: made once, and not for each request.
final class ServedContent: Sendable {
    let type: StaticString
    let bytes: [UInt8]
    /// The strong entity tag, in its quotes (RFC 9110, 8.8.3): the same bytes have the same.
    let tag: [UInt8]
    /// Each begins with the end of the line before.
    let headers: [UInt8]

    /// `headers` are lines beside `ETag`, `Content-Type` and `Content-Length`.
    init(_ bytes: [UInt8], type: StaticString, headers: [String]) {
        self.type = type
        self.bytes = bytes
        let tag = "\"" + hexText(SHA256.hash(data: bytes).prefix(8)) + "\""
        self.tag = Array(tag.utf8)
        self.headers = (["ETag: " + tag] + headers).flatMap { Array(("\r\n" + $0).utf8) }
    }

    /// Whether the value of `If-None-Match` says that the asker has it (RFC 9110, 13.1.2: compared weakly).
    func isKnown(_ ifNoneMatch: UnsafeRawBufferPointer) -> Bool {
        for entry in ifNoneMatch.split(separator: UInt8(ascii: ",")) {
            var entry = entry[...].drop { $0 == 0x20 || $0 == 0x09 }
            while let last = entry.last, last == 0x20 || last == 0x09 { entry = entry.dropLast() }
            if entry.starts(with: "W/".utf8) { entry = entry.dropFirst(2) }
            if entry.elementsEqual(tag) || entry.elementsEqual("*".utf8) { return true }
        }
        return false
    }
}

extension HTTPConnection {
    /// The content, or where the asker has it already, that he has.
    func serve(_ content: ServedContent, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Answer {
        let isKnown = head.ifNoneMatch.map { content.isKnown(bytes.part($0)) } ?? false
        return Answer(isKnown ? 304 : 200, body: .served(content))
    }
}
