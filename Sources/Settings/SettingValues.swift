import EventModel

/// The values of all keys, each of its key's kind and within its bounds.
struct SettingValues {
    private var values: [String: SettingValue]

    init() {
        values = Dictionary(uniqueKeysWithValues: SettingKey.all.map { ($0.path, $0.standard) })
    }

    /// Takes what the file sets; the first key it cannot take ends it.
    mutating func take(_ file: ConfigurationFile) throws(ConfigurationError) {
        let keys = Dictionary(uniqueKeysWithValues: SettingKey.all.map { ($0.path, $0) })
        for (path, toml) in file.values() {
            guard let key = keys[path] else {
                throw ConfigurationError(
                    .unknownKey, "\(file.place(of: path)): unknown key \(path)\(Self.suggestion(for: path))")
            }
            guard let value = key.value(of: toml) else {
                throw ConfigurationError(.wrongValue, "\(file.place(of: path)): \(path) must be \(key.kind.allowed)")
            }
            values[path] = value
        }
    }

    mutating func take(_ key: SettingKey, text: String, from place: String) throws(ConfigurationError) {
        guard let value = key.value(ofText: text) else {
            throw ConfigurationError(.wrongValue, "\(place): \(key.path) must be \(key.kind.allowed)")
        }
        values[key.path] = value
    }

    func text(_ path: String) -> String {
        if case .text(let value) = values[path] { value } else { missing(path) }
    }

    /// Nil where the text is empty: not set.
    func optional(_ path: String) -> String? {
        let value = text(path)
        return value.isEmpty ? nil : value
    }

    func integer(_ path: String) -> Int {
        if case .integer(let value) = values[path] { value } else { missing(path) }
    }

    func number(_ path: String) -> Double {
        if case .number(let value) = values[path] { value } else { missing(path) }
    }

    func boolean(_ path: String) -> Bool {
        if case .boolean(let value) = values[path] { value } else { missing(path) }
    }

    func list(_ path: String) -> [String] {
        if case .list(let value) = values[path] { value } else { missing(path) }
    }

    func proxies(_ path: String) -> TrustedProxies {
        if case .blocks(let value) = values[path] { TrustedProxies(value) } else { missing(path) }
    }

    func users(_ path: String) -> [Configuration.AdminUser] {
        if case .users(let value) = values[path] { value } else { missing(path) }
    }

    func mapping(_ path: String) -> [String: [String]] {
        if case .mapping(let value) = values[path] { value } else { missing(path) }
    }

    /// Only a key that `SettingKey.all` lacks, or lists with another kind, comes here: a mistake of this room.
    private func missing(_ path: String) -> Never {
        preconditionFailure("no setting \(path) of that kind")
    }

    /// `; did you mean …?` where a known key is one or two letters away or has the same last part.
    private static func suggestion(for path: String) -> String {
        let last = path.split(separator: ".").last.map(String.init) ?? path
        let near = SettingKey.all.map(\.path)
            .map { (path: $0, distance: distance(Array($0.utf8), Array(path.utf8))) }
            .min { $0.distance < $1.distance }
        if let near, near.distance <= 2 { return "; did you mean \(near.path)?" }
        if let same = SettingKey.all.first(where: { $0.path.hasSuffix("." + last) }) {
            return "; did you mean \(same.path)?"
        }
        return "; Config/default.toml lists every key"
    }

    /// Levenshtein's distance.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[right.count]
    }
}
