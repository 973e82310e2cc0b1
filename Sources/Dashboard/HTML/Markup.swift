/// A piece of HTML that is safe to send: every text in it was escaped when it was put in, and there is no way to put in
/// one that is not.
struct Markup: Sendable {
    private(set) var html: String

    /// Nothing.
    init() { html = "" }

    /// The text, escaped for content and for quoted attribute values alike.
    init(text: String) {
        html = ""
        html.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            case "'": html += "&#39;"
            default: html.unicodeScalars.append(scalar)
            }
        }
    }

    init(_ parts: some Sequence<Markup>) {
        html = ""
        for part in parts { html += part.html }
    }

    /// An element; names of elements and attributes are literals of this program, never data.
    init(
        element name: StaticString, attributes: KeyValuePairs<StaticString, String?>, content: Markup
    ) {
        html = "<\(name)"
        for (attribute, value) in attributes {
            guard let value else { continue }
            html += value.isEmpty ? " \(attribute)" : " \(attribute)=\"\(Markup(text: value).html)\""
        }
        html += ">"
        guard !Self.voidElements.contains("\(name)") else { return }
        html += content.html + "</\(name)>"
    }

    /// A whole document: `root` is the `html` element.
    static func document(_ root: Markup) -> String { "<!doctype html>\n" + root.html + "\n" }

    private static let voidElements: Set = ["br", "col", "hr", "img", "input", "link", "meta"]
}

/// Puts texts and elements together in the order in which they are written; a plain text is escaped.
@resultBuilder enum MarkupBuilder {
    static func buildExpression(_ text: String) -> Markup { Markup(text: text) }
    static func buildExpression(_ markup: Markup) -> Markup { markup }
    static func buildBlock(_ parts: Markup...) -> Markup { Markup(parts) }
    static func buildOptional(_ part: Markup?) -> Markup { part ?? Markup() }
    static func buildEither(first: Markup) -> Markup { first }
    static func buildEither(second: Markup) -> Markup { second }
    static func buildArray(_ parts: [Markup]) -> Markup { Markup(parts) }
}

/// An element with its attributes and content: `tag("p", ["class": "note"]) { "Hello" }`. An attribute whose value is
/// nil is left out, one with an empty value stands without a value.
func tag(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:],
    @MarkupBuilder _ content: () -> Markup = { Markup() }
) -> Markup {
    Markup(element: name, attributes: attributes, content: content())
}
