import EventModel
import TOMLKit

extension SettingKey {
    /// The value where it is of the key's kind and within its bounds, else nil.
    func value(of toml: any TOMLValueConvertible) -> SettingValue? {
        switch kind {
        case .text, .address, .url, .choice, .headerName:
            return toml.string.flatMap { checked(text: $0) }
        case .integer(let range):
            return toml.int.flatMap { range.contains($0) ? .integer($0) : nil }
        case .number(let range):
            return (toml.double ?? toml.int.map(Double.init)).flatMap { range.contains($0) ? .number($0) : nil }
        case .boolean:
            return toml.bool.map { .boolean($0) }
        case .list:
            return toml.array.flatMap(Self.texts).map { .list($0) }
        case .blocks:
            return toml.array.flatMap(Self.texts).flatMap(Self.blocks)
        case .users:
            return toml.array.flatMap(Self.users).map { .users($0) }
        case .mapping:
            guard let table = toml.table else { return nil }
            var lists: [String: [String]] = [:]
            for key in table.keys {
                guard let list = table[key]?.array.flatMap(Self.texts) else { return nil }
                lists[key] = list
            }
            return .mapping(lists)
        }
    }

    /// The same from an environment variable's or a flag's text: lists are separated by commas. Tables cannot be
    /// given this way.
    func value(ofText text: String) -> SettingValue? {
        switch kind {
        case .text, .address, .url, .choice, .headerName: return checked(text: text)
        case .integer(let range): return Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .number(let range): return Double(text).flatMap { range.contains($0) ? .number($0) : nil }
        case .boolean:
            switch text.lowercased() {
            case "true", "1", "yes", "on": return .boolean(true)
            case "false", "0", "no", "off": return .boolean(false)
            default: return nil
            }
        case .list:
            return .list(Self.parts(of: text))
        case .blocks:
            return Self.blocks(Self.parts(of: text))
        case .users, .mapping: return nil
        }
    }

    private func checked(text: String) -> SettingValue? {
        switch kind {
        case .address:
            guard let separator = text.lastIndex(of: ":"), separator != text.startIndex,
                UInt16(text[text.index(after: separator)...]) != nil
            else { return nil }
        case .url:
            let schemes = text.hasPrefix("http://") || text.hasPrefix("https://")
            guard text.isEmpty || (schemes && !text.hasSuffix("/")) else { return nil }
        case .choice(let names):
            guard names.contains(text) else { return nil }
        case .headerName:
            let isName = text.utf8.allSatisfy {
                $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
            }
            guard isName, text.utf8.count <= 64 else { return nil }
        default: break
        }
        return .text(text)
    }

    private static func parts(of text: String) -> [String] {
        text.split(separator: ",").map { String($0.trimmingPrefix(" ")) }
    }

    private static func blocks(_ texts: [String]) -> SettingValue? {
        let blocks = texts.compactMap { AddressBlock($0) }
        return blocks.count == texts.count ? .blocks(blocks) : nil
    }

    private static func texts(_ array: TOMLArray) -> [String]? {
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { return nil }
            texts.append(text)
        }
        return texts
    }

    private static func users(_ array: TOMLArray) -> [Configuration.AdminUser]? {
        var users: [Configuration.AdminUser] = []
        for element in array {
            guard let table = element.table, Set(table.keys) == ["name", "password_hash"],
                let name = table["name"]?.string, !name.isEmpty, !name.contains(":"),
                let hash = table["password_hash"]?.string, hash.hasPrefix("$2")
            else { return nil }
            users.append(Configuration.AdminUser(name: name, passwordHash: hash))
        }
        return users
    }
}
