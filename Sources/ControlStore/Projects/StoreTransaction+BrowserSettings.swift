import EventModel
import GRDB

extension StoreTransaction {
    /// What the project has set for the browser's script.
    package func browserSettings(project: ProjectID) throws -> BrowserSettings {
        let sql = "SELECT * FROM project_settings WHERE project_id = :project_id"
        let row = try Row.fetchOne(database, sql: sql, arguments: ["project_id": project.rawValue])
        return try row.map(Self.browserSettings) ?? BrowserSettings()
    }

    /// Sets what the project's pages do from now on; what `settings` leaves out has its default again. Throws
    /// `.refused` with the reason where a value is out of its bounds, `.notFound` where there is no such project.
    package func setBrowserSettings(_ settings: BrowserSettings, project: ProjectID) throws {
        if let fault = settings.fault { throw StoreError(.refused, fault) }
        guard try self.project(project) != nil else {
            throw StoreError(.notFound, "there is no project \(project); `millrace project list` shows all")
        }
        var arguments: [String: (any DatabaseValueConvertible)?] = [
            "project_id": project.rawValue, "now": now.description,
            BrowserSettings.scrollDepthsName: try settings.scrollDepths.map { try JSONText.encode($0) },
        ]
        for number in BrowserSettings.Number.allCases {
            let value = settings[set: number]
            arguments.updateValue(number.isWhole ? value.map { Int($0) } : value, forKey: number.rawValue)
        }
        try database.execute(sql: ProjectSQL.putSettings, arguments: StatementArguments(arguments))
    }

    /// The settings of every project that has set any.
    func browserSettings() throws -> [ProjectID: BrowserSettings] {
        var found: [ProjectID: BrowserSettings] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT * FROM project_settings") {
            found[ProjectID(rawValue: row["project_id"])] = try Self.browserSettings(row)
        }
        return found
    }

    /// The active and the paused tests of every project, the oldest first.
    func runningTests() throws -> [ProjectID: [ProjectSnapshot.Test]] {
        var found: [ProjectID: [ProjectSnapshot.Test]] = [:]
        for row in try Row.fetchAll(database, sql: ExperimentSQL.running) {
            let project = ProjectID(rawValue: row["project_id"])
            guard let state = ProjectSnapshot.TestState(rawValue: row["status"]) else { continue }
            let test = ProjectSnapshot.Test(
                testID: row["test_id"], state: state, shareOfA: row["share_of_a"], componentID: row["component_id"],
                targetConversion: row["target_conversion"], startDate: row["start_date"], endDate: row["end_date"],
                variantA: row["variant_a"], variantB: row["variant_b"])
            found[project, default: []].append(test)
        }
        return found
    }

    private static func browserSettings(_ row: Row) throws -> BrowserSettings {
        var settings = BrowserSettings()
        for number in BrowserSettings.Number.allCases { settings[set: number] = row[number.rawValue] }
        let depths: String? = row[BrowserSettings.scrollDepthsName]
        settings.scrollDepths = try depths.map {
            try JSONText.decode([Int].self, $0, of: "project_settings.\(BrowserSettings.scrollDepthsName)")
        }
        return settings
    }
}
