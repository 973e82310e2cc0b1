import Crypto
import EventModel
import FoundationEssentials

/// Which keys may send, for which project and from which pages: the snapshot, ready for look-ups. Immutable; a new
/// snapshot makes a new directory.
final class KeyDirectory: Sendable {
    /// A class: it goes through many hands for each request.
    final class Entry: Sendable {
        let projectIDBytes: [UInt8]
        /// Tells projects apart in the memory of recent ids.
        let projectMark: UInt64
        let keyID: String
        let projectID: String
        let kind: ProjectSnapshot.Kind
        let origins: OriginRules
        let urlCleaner: URLCleaner
        /// What the project's pages are told by `/api/v1/config`.
        let page: ServedContent
        /// Events a minute, 0 for no limit.
        let eventsPerMinutePerKey: Int
        let eventsPerMinutePerAddress: Int

        init(
            _ key: ProjectSnapshot.Key, of project: ProjectSnapshot.Project, mark: UInt64, origins: OriginRules,
            page: ServedContent, eventsPerMinutePerKey: Int, eventsPerMinutePerAddress: Int
        ) {
            self.page = page
            projectIDBytes = [UInt8](project.projectID.rawValue.utf8)
            projectMark = mark
            keyID = key.keyID
            projectID = project.projectID.rawValue
            kind = key.kind
            self.origins = origins
            urlCleaner = URLCleaner(keepQuery: project.keepQuery)
            self.eventsPerMinutePerKey = project.eventsPerMinutePerKey ?? eventsPerMinutePerKey
            self.eventsPerMinutePerAddress = project.eventsPerMinutePerAddress ?? eventsPerMinutePerAddress
        }
    }

    /// Of the snapshot; 0 where there is none.
    let version: Int64
    let projectCount: Int
    private let entries: [String: Entry]
    private let origins: [OriginRules]

    static let empty = KeyDirectory(
        ProjectSnapshot(version: 0, projects: []), eventsPerMinutePerKey: 0, eventsPerMinutePerAddress: 0)

    /// The rates are those of projects that name none.
    init(_ snapshot: ProjectSnapshot, eventsPerMinutePerKey: Int, eventsPerMinutePerAddress: Int) {
        version = snapshot.version
        projectCount = snapshot.projects.count
        var entries: [String: Entry] = [:]
        var origins: [OriginRules] = []
        // Most projects have set nothing, and share one.
        var pages: [[UInt8]: ServedContent] = [:]
        for project in snapshot.projects {
            let rules = OriginRules(domains: project.domains)
            origins.append(rules)
            let mark = SHA256.hash(data: [UInt8](project.projectID.rawValue.utf8)).prefix(8)
                .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let bytes = PageConfiguration.content(of: project)
            let page = pages[bytes] ?? PageConfiguration.served(bytes)
            pages[bytes] = page
            for key in project.keys {
                entries[key.hash] = Entry(
                    key, of: project, mark: mark, origins: rules, page: page,
                    eventsPerMinutePerKey: eventsPerMinutePerKey,
                    eventsPerMinutePerAddress: eventsPerMinutePerAddress)
            }
        }
        self.entries = entries
        self.origins = origins
    }

    /// Whose key this is; nil for one that is unknown or was revoked.
    func entry(forKey key: UnsafeRawBufferPointer) -> Entry? {
        guard key.count > 0, key.count <= 256 else { return nil }
        return entries[Self.hash(of: key)]
    }

    /// A key's text as the snapshot holds it.
    static func hash(of key: some DataProtocol) -> String { "sha256:" + hexText(SHA256.hash(data: key)) }

    /// Whether any project lets this origin's pages send.
    func allowsOrigin(_ origin: UnsafeRawBufferPointer) -> Bool {
        origins.contains { $0.allows(origin) }
    }
}

/// From which pages a project may be sent to.
struct OriginRules: Sendable {
    private let hosts: [[UInt8]]
    /// `.example.com` of `*.example.com`.
    private let suffixes: [[UInt8]]

    /// Host names, `*.example.com` for all sub-domains; empty lets any page send.
    init(domains: [String]) {
        let names = domains.map { $0.lowercased() }
        hosts = names.filter { !$0.hasPrefix("*.") }.map { [UInt8]($0.utf8) }
        suffixes = names.filter { $0.hasPrefix("*.") }.map { [UInt8]($0.utf8.dropFirst()) }
    }

    /// Whether the value of an `Origin` header is one of these hosts, whatever its scheme and port.
    func allows(_ origin: UnsafeRawBufferPointer) -> Bool {
        if hosts.isEmpty && suffixes.isEmpty { return true }
        guard let host = Self.host(of: origin) else { return false }
        if hosts.contains(where: { $0 == host }) { return true }
        return suffixes.contains { host.count > $0.count && host.suffix($0.count).elementsEqual($0) }
    }

    /// The host of `scheme://host:port` in lower case.
    private static func host(of origin: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let colon = origin.firstIndex(of: UInt8(ascii: ":")), colon + 3 < origin.count,
            origin[colon + 1] == UInt8(ascii: "/"), origin[colon + 2] == UInt8(ascii: "/")
        else { return nil }
        var host = origin[(colon + 3)...]
        if let bracket = host.lastIndex(of: UInt8(ascii: "]")) {
            host = host[...bracket]
        } else if let port = host.firstIndex(of: UInt8(ascii: ":")) {
            host = host[..<port]
        }
        return host.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    }
}
