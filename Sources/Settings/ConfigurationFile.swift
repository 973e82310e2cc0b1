import FoundationEssentials
import TOMLKit

/// A TOML file's values by the path of their key, each with the place where it stands.
struct ConfigurationFile {
    let path: String
    private let text: String
    private let root: TOMLTable

    /// The keys under these paths are read as they are, and not looked into.
    private static let wholeTables = Set(
        SettingKey.all.filter {
            if case .mapping = $0.kind { true } else { false }
        }.map(\.path))

    init(path: String) throws(ConfigurationError) {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else {
            throw ConfigurationError(.missingFile, "there is no configuration at \(path); name one with --config FILE")
        }
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
        else {
            throw ConfigurationError(
                .unreadableFile, "cannot read \(path); it must be a UTF-8 text that this user may read")
        }
        self.text = text
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(
                .notTOML, "\(path), line \(error.source.begin.line): not TOML: \(error.description)")
        } catch {
            throw ConfigurationError(.notTOML, "\(path): not TOML: \(error)")
        }
    }

    /// Every value of the file, by the path of its key.
    func values() -> [(path: String, value: any TOMLValueConvertible)] {
        var found: [(String, any TOMLValueConvertible)] = []
        func walk(_ table: TOMLTable, _ prefix: String) {
            for key in table.keys.sorted() {
                guard let value = table[key] else { continue }
                let path = prefix.isEmpty ? key : "\(prefix).\(key)"
                if let inner = value.table, !Self.wholeTables.contains(path) {
                    // An empty table sets nothing, but its name can be wrong all the same.
                    if inner.keys.isEmpty && !SettingKey.all.contains(where: { $0.path.hasPrefix(path + ".") }) {
                        found.append((path, value))
                    }
                    walk(inner, path)
                } else {
                    found.append((path, value))
                }
            }
        }
        walk(root, "")
        return found
    }

    /// `FILE, line N` where the key's line is found, else `FILE`.
    func place(of keyPath: String) -> String {
        guard let line = line(of: keyPath) else { return path }
        return "\(path), line \(line)"
    }

    /// Finds the line `key = …` under its table's header; nil for a key written in another of TOML's ways.
    private func line(of keyPath: String) -> Int? {
        var table = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.drop { $0 == " " || $0 == "\t" }
            if content.hasPrefix("[") {
                table = String(content.drop { $0 == "[" }.prefix { $0 != "]" })
                if table == keyPath { return index + 1 }
                continue
            }
            let name = content.prefix { $0 != "=" && $0 != " " && $0 != "\t" }
            guard !name.isEmpty, !name.hasPrefix("#") else { continue }
            if (table.isEmpty ? String(name) : "\(table).\(name)") == keyPath { return index + 1 }
        }
        return nil
    }
}
