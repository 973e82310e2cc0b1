import ArgumentParser
import ControlStore
import EventModel

/// `millrace project set`: what a project's pages do.
struct ProjectSetCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Show or change what the project's pages call friction, and how many send.",
        discussion: """
            Without NAME it shows all settings. VALUE is a number, for \(BrowserSettings.scrollDepthsName) several with
            commas between, or "default". Pages follow within ten minutes: the daemon knows at once, browsers keep
            what they read for five minutes.
            """)

    @OptionGroup var options: ToolOptions
    @Argument(help: "The setting: hesitation_ms, dead_click_ms, …") var name: String?
    @Argument(help: "Its value, or \"default\".") var value: String?
    @Option(help: "The project's id or name. Default: the configuration's.") var project: String?
    @Flag(help: "Print an object.") var json = false

    var wantsJSON: Bool { json }

    func validate() throws {
        if name != nil, value == nil { throw ValidationError("The value is missing; give a number or \"default\".") }
    }

    func perform(_ tool: Tool) throws {
        let store = try tool.store()
        let settings: BrowserSettings
        if let name, let value {
            settings = try store.write { transaction in
                let owner = try tool.project(project, in: transaction).projectID
                var settings = try transaction.browserSettings(project: owner)
                try settings.set(name, to: value)
                try transaction.setBrowserSettings(settings, project: owner)
                return settings
            }
            try tool.publishSnapshot(store)
        } else {
            settings = try store.read { transaction in
                try transaction.browserSettings(project: try tool.project(project, in: transaction).projectID)
            }
        }
        if json { tool.console.json { settings.write(to: &$0) } } else { print(settings, tool.console) }
    }

    private func print(_ settings: BrowserSettings, _ console: Console) {
        var table = Table(["SETTING", "VALUE", "DEFAULT"])
        for number in BrowserSettings.Number.allCases {
            table.add([number.rawValue, Self.text(settings[number]), Self.text(number.standard)])
        }
        let depths = [settings.scrollDepths, nil].map { $0 ?? BrowserSettings.standardScrollDepths }
        table.add([BrowserSettings.scrollDepthsName] + depths.map { $0.map { "\($0)" }.joined(separator: ",") })
        for line in table.lines { console.line(line) }
    }

    /// A whole number without its fraction.
    private static func text(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
}

extension BrowserSettings {
    /// Sets one by its name; `default` takes back what was set. Bounds are checked when it is stored.
    fileprivate mutating func set(_ name: String, to text: String) throws(ToolError) {
        let isDefault = text == "default"
        if name == Self.scrollDepthsName {
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard isDefault || !parts.contains(nil) else {
                throw ToolError(.badData, "\(name) is a list like 25,50,100, not \"\(text)\"")
            }
            scrollDepths = isDefault ? nil : parts.compactMap { $0 }
            return
        }
        guard let number = Number(rawValue: name) else {
            let known = Number.allCases.map(\.rawValue) + [Self.scrollDepthsName]
            throw ToolError(.badData, "there is no setting \(name); known are \(known.joined(separator: ", "))")
        }
        guard isDefault || Double(text) != nil else {
            throw ToolError(.badData, "\(name) is a number or \"default\", not \"\(text)\"")
        }
        self[set: number] = isDefault ? nil : Double(text)
    }
}
