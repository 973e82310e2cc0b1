import EventModel
import Glibc

extension EventReader {
    /// Whether the member is there; refuses it where it is no text or not of the length allowed.
    mutating func checkText(
        _ member: EventMember, _ length: ClosedRange<Int>, _ scanner: JSONScanner
    ) throws(Refusal) -> Bool {
        guard let span = scan[member] else { return false }
        guard span.kind == .string else { throw wrongType(member, span, "a text") }
        let bytes = span.end - span.start
        if bytes >= length.lowerBound, bytes <= length.upperBound { return true }
        let count = withText(span, scanner) { $0.count { $0 & 0xC0 != 0x80 } }
        guard count >= length.lowerBound else {
            throw Refusal(.missingMember, field: member.path, byte: span.start, "the text is empty")
        }
        guard count <= length.upperBound else {
            let text = "the text is longer than \(length.upperBound) characters (\(count))"
            throw Refusal(.tooLong, field: member.path, byte: span.start, text)
        }
        return true
    }

    mutating func checkChoice(
        _ member: EventMember, _ choices: [StaticString], _ scanner: JSONScanner
    ) throws(Refusal) {
        guard let span = scan[member] else { return }
        let isAllowed = withText(span, scanner) { text in choices.contains { text.isEqual($0) } }
        guard span.kind != .string || !isAllowed else { return }
        let allowed = "one of \(choices.map(\.description).joined(separator: ", "))"
        guard span.kind == .string else { throw wrongType(member, span, allowed) }
        throw Refusal(.wrongValue, field: member.path, byte: span.start, "\(member.path) is not \(allowed)")
    }

    func wrongType(_ member: EventMember, _ span: JSONSpan, _ wanted: String) -> Refusal {
        Refusal(.wrongType, field: member.path, byte: span.start, "\(member.path) is not \(wanted)")
    }

    /// Hands the text of a string with its escapes resolved to `body`, without a copy where it has none.
    mutating func withText<T>(
        _ span: JSONSpan, _ scanner: JSONScanner, _ body: (UnsafeRawBufferPointer) -> T
    ) -> T {
        guard span.hasEscapes else { return body(scanner.content(of: span)) }
        scratch.removeAll(keepingCapacity: true)
        scanner.appendText(of: span, to: &scratch)
        return scratch.withUnsafeBytes(body)
    }

    /// The UTF-8 bytes of a text, or of any other value's JSON text.
    mutating func textSize(_ span: JSONSpan, _ scanner: JSONScanner) -> Int {
        withText(span, scanner) { $0.count }
    }

    func isSame(_ left: JSONSpan, _ right: JSONSpan, _ scanner: JSONScanner) -> Bool {
        guard left.kind == right.kind else { return false }
        guard left.hasEscapes || right.hasEscapes else {
            let (left, right) = (scanner.content(of: left), scanner.content(of: right))
            guard left.count == right.count, let first = left.baseAddress, let second = right.baseAddress else {
                return left.count == right.count
            }
            return memcmp(first, second, left.count) == 0
        }
        return scanner.text(of: left).utf8.elementsEqual(scanner.text(of: right).utf8)
    }
}
