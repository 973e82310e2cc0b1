import Foundation

/// One Swift file of the package, read as text.
struct SourceFile {
    /// From the checkout's top.
    let path: String
    let lines: [String]
    /// The lines without comments and without what stands in quotes.
    let code: [String]

    struct Declaration {
        let name: String
        /// Counted from 1.
        let line: Int
        let hasDocumentation: Bool
    }

    struct Function {
        let line: Int
        let length: Int
    }

    static func all(below checkout: String) -> [SourceFile] {
        ["Sources", "Tests"].flatMap { folder -> [SourceFile] in
            let found = FileManager.default.enumerator(atPath: checkout + "/" + folder)
            return (found?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".swift") }.sorted()
                .compactMap { SourceFile(path: folder + "/" + $0, checkout: checkout) }
        }
    }

    private init?(path: String, checkout: String) {
        guard let text = try? String(contentsOfFile: checkout + "/" + path, encoding: .utf8) else { return nil }
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0)
            .map(String.init)
        var insideText = false
        code = lines.map { line in
            if line.components(separatedBy: "\"\"\"").count == 2 {
                insideText.toggle()
                return ""
            }
            if insideText { return "" }
            let unquoted = line.replacingOccurrences(
                of: ##"#?"(\\.|[^"\\])*"#?"##, with: "\"\"", options: .regularExpression)
            return unquoted.components(separatedBy: "//").first ?? ""
        }
    }

    /// The folder below `Sources` that is the file's target.
    var room: String {
        let parts = path.split(separator: "/").map(String.init)
        return parts.count > 2 && parts[1] == "Executables" ? parts[2] : (parts.count > 1 ? parts[1] : "")
    }

    /// Files that are nothing but a list are exempt from the limits of size.
    var isDataList: Bool { lines.first == "// A list of data." }

    func imports() -> [String] {
        code.compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count, index <= 2 else { return nil }
            return words[index + 1].split(separator: ".").first.map(String.init)
        }
    }

    func declarations(of kinds: [String]) -> [Declaration] {
        var found: [Declaration] = []
        for (index, line) in code.enumerated() {
            let words = line.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }).map(String.init)
            guard let kind = words.firstIndex(where: { kinds.contains($0) }), kind + 1 < words.count else { continue }
            found.append(
                Declaration(name: words[kind + 1], line: index + 1, hasDocumentation: isDocumented(line: index)))
        }
        return found
    }

    /// Types and functions at the left margin that other rooms may use.
    func sharedTopLevelDeclarations() -> [Declaration] {
        declarations(of: ["struct", "class", "enum", "actor", "protocol", "func", "typealias"])
            .filter { code[$0.line - 1].hasPrefix("package ") }
    }

    private func isDocumented(line index: Int) -> Bool {
        var above = index - 1
        while above >= 0, lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("@") { above -= 1 }
        return above >= 0 && lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("///")
    }

    private static let functionStart =
        #"^\s*((package|private|fileprivate|static|mutating|override|final|consuming|nonisolated|"#
        + #"@\w+(\([^)]*\))?) )*(func |init[?(<])"#

    /// Every function and initialiser with a body, from its first line to its closing brace at the same margin.
    func functions() -> [Function] {
        var found: [Function] = []
        for (index, line) in code.enumerated() {
            let margin = line.prefix { $0 == " " }.count
            let starts = line.range(of: Self.functionStart, options: .regularExpression)
            guard starts != nil else { continue }
            let closing = String(repeating: " ", count: margin) + "}"
            for (offset, later) in code[(index + 1)...].enumerated() {
                if later.hasPrefix(closing) && !later.hasPrefix(closing + " else") {
                    found.append(Function(line: index + 1, length: offset + 2))
                    break
                }
                let laterMargin = later.prefix { $0 == " " }.count
                if !later.trimmingCharacters(in: .whitespaces).isEmpty && laterMargin < margin { break }
                let sibling = laterMargin == margin && later.contains("func ")
                if sibling { break }
            }
        }
        return found
    }
}
