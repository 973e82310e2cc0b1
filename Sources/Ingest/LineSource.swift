import EventModel

/// Who sends lines, as far as it is known before the first of them.
struct LineSource {
    /// Nil where the first line names it.
    var key: [UInt8]?
    var origin: [UInt8]?
    var userAgent: [UInt8]?
    var address: IPAddress?
    /// As a trusted proxy states it.
    var country: CountryCode?
    /// `Sec-GPC: 1` stood in the request.
    var isPrivate = false
    /// Under which its refusals are counted.
    var endpoint = "stream"
}

/// The first line of a stream that names its key: `{"key": "sk_live_…"}` and nothing else, so that no event is taken
/// for it and lost.
enum KeyLine {
    static let refusal = Refusal(.noKey, "the first line has to be {\"key\": \"…\"}, with nothing else")

    /// The key; nil where the line is something else.
    static func key(in line: UnsafeRawBufferPointer) -> [UInt8]? {
        var scanner = JSONScanner(line, maximumDepth: 2)
        var key: [UInt8]?
        do throws(JSONScanError) {
            guard try scanner.peek() == .object else { return nil }
            try scanner.openObject()
            while let name = try scanner.nextMember() {
                let isKey = BodyMembers.kind(name, scanner) == .key
                let span = try scanner.value()
                guard isKey, span.kind == .string, key == nil else { return nil }
                var text: [UInt8] = []
                scanner.appendText(of: span, to: &text)
                key = text
            }
            try scanner.finish()
        } catch { return nil }
        return key
    }
}
