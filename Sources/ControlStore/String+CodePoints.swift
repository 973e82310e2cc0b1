extension String {
    /// The first code points, `maximum` at most: what SQLite's `length` counts, and a CHECK on a text bounds. A letter
    /// may have several of them.
    package func cut(toCodePoints maximum: Int) -> String {
        String(UnicodeScalarView(unicodeScalars.prefix(maximum)))
    }
}
