/// Tells statements that only read by their first words, before DuckDB sees them: it makes the directory of an EXPORT
/// while it prepares one.
enum ReadingStatement {
    private static let words: Set<String> = [
        "SELECT", "FROM", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "SUMMARIZE", "PIVOT", "UNPIVOT",
    ]

    static func requireReading(_ sql: String, attempting attempt: String) throws(WarehouseError) {
        var rest = sql.unicodeScalars[...]
        var word = nextWord(&rest)
        if word == "EXPLAIN" {
            word = nextWord(&rest)
            if word == "ANALYZE" { word = nextWord(&rest) }
        }
        guard words.contains(word) else { throw refusal(attempt) }
    }

    static func refusal(_ attempt: String) -> WarehouseError {
        WarehouseError(.refused, attempt, "this connection only reads; write one SELECT")
    }

    /// The next word in upper case, behind white space, comments and opening parentheses; `""` where there is none.
    private static func nextWord(_ rest: inout Substring.UnicodeScalarView) -> String {
        while let first = rest.first {
            if first.properties.isWhitespace || first == "(" {
                rest.removeFirst()
            } else if rest.starts(with: "--".unicodeScalars) {
                rest = rest.drop { $0 != "\n" }
            } else if rest.starts(with: "/*".unicodeScalars) {
                rest = rest.dropFirst(2)
                while !rest.isEmpty, !rest.starts(with: "*/".unicodeScalars) { rest.removeFirst() }
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        let word = rest.prefix { ("a"..."z").contains($0) || ("A"..."Z").contains($0) }
        rest = rest.dropFirst(word.count)
        return String(word).uppercased()
    }
}
