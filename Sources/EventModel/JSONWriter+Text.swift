extension JSONWriter {
    /// A text as JSON, in its quotes.
    package static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.element(text)
        return writer.text
    }
}
