import EventModel
import GRDB

/// The SQL of projects, one text a file of `SQL/`.
enum ProjectSQL {
    static let insert = text(PackageResources.projects_Insert_sql)
    static let find = text(PackageResources.projects_Find_sql)
    static let list = text(PackageResources.projects_List_sql)
    static let putSettings = text(PackageResources.project_settings_Put_sql)

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension StoreTransaction {
    /// The organisation that the first project makes; accounts may add others.
    static let defaultOrganisation = "org_000000000000"

    /// Makes a project in the default organisation, which is made with the first one.
    ///
    /// `name` has 1 to 200 characters, and no other living project has it; each of `domains` is a host name, with
    /// `*.` before it for all its sub-domains. Throws `.refused` otherwise.
    package func createProject(name: String, domains: [String] = []) throws -> Project {
        try checkName(name)
        let domains = try domains.map { domain in
            guard let host = HostPattern(domain) else {
                throw StoreError(
                    .refused,
                    "\"\(domain)\" is no host name for a project; write it like shop.example.com or *.example.com")
            }
            return host.text
        }
        try database.execute(
            sql: "INSERT INTO organisations VALUES (:id, 'Default', :now) ON CONFLICT (organisation_id) DO NOTHING",
            arguments: ["id": Self.defaultOrganisation, "now": now.description])
        guard try project(named: name) == nil else {
            throw StoreError(.refused, "a project named \"\(name)\" exists already; choose another name")
        }
        let id = ProjectID.random()
        try database.execute(
            sql: ProjectSQL.insert,
            arguments: [
                "project_id": id.rawValue, "organisation_id": Self.defaultOrganisation, "name": name,
                "domains": try JSONText.encode(domains), "now": now.description,
            ])
        guard let project = try project(named: id.rawValue) else {
            throw StoreError(.failed, "the project \(id) was not found right after it was made")
        }
        return project
    }

    /// Every project that is not deleted, oldest first.
    package func projects() throws -> [Project] {
        try Row.fetchAll(database, sql: ProjectSQL.list).map(Project.init)
    }

    /// The project with this id, else the one with this name; nil where there is none, or it is deleted.
    package func project(named nameOrID: String) throws -> Project? {
        try Row.fetchOne(database, sql: ProjectSQL.find, arguments: ["name": nameOrID]).map(Project.init)
    }

    /// The same by a typed id.
    package func project(_ id: ProjectID) throws -> Project? {
        guard let found = try project(named: id.rawValue), found.projectID == id else { return nil }
        return found
    }

    private func checkName(_ name: String) throws {
        guard (1...200).contains(name.unicodeScalars.count), !name.unicodeScalars.contains(where: { $0.value < 0x20 })
        else {
            throw StoreError(.refused, "a project's name has 1 to 200 characters, and no control characters")
        }
        guard !name.hasPrefix("proj_") else {
            throw StoreError(.refused, "the name \"\(name)\" looks like a project's id; choose one without proj_")
        }
    }
}

/// A host name, or `*.` and a host name for all its sub-domains, in lower case.
struct HostPattern {
    let text: String

    /// Nil where the text is no host name: letters, digits and hyphens in labels of 1 to 63, at most 253 in all.
    init?(_ text: String) {
        let lower = text.lowercased()
        let host = lower.hasPrefix("*.") ? lower.dropFirst(2) : lower[...]
        guard (1...253).contains(host.utf8.count) else { return nil }
        for label in host.split(separator: ".", omittingEmptySubsequences: false) {
            guard (1...63).contains(label.utf8.count), label.first != "-", label.last != "-",
                label.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
            else { return nil }
        }
        self.text = lower
    }
}
