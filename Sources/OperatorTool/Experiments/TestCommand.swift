import ArgumentParser
import ControlStore
import EventModel

/// `millrace test`: the A/B tests of a project.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Make, list and move A/B tests.",
        subcommands: [Create.self, List.self, Pause.self, Resume.self, Complete.self, Archive.self])

    struct Create: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "Make a test, which is active at once.")

        @OptionGroup var options: ToolOptions
        @Argument(help: "1 to 64 of a-z, 0-9 and _.") var testID: String
        @Option(help: "The component that is tested.") var component: String
        @Option(help: "A's share of the visitors, 0 to 1.") var share = 0.5
        @Option(help: "The event that counts as a conversion. Default: the project's.") var target: String?
        @Option(help: "Visitors that each variant needs before there can be a winner.") var sampleSize = 1_000
        @Option(help: "The confidence that a winner needs, below 1.") var threshold = 0.95
        @Option(help: "The project's id or name. Default: the configuration's.") var project: String?
        @Flag(help: "Print an object.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            var draft = ABTestDraft(testID: testID, componentID: component)
            draft.shareOfA = share
            draft.targetConversion = target
            draft.sampleSize = sampleSize
            draft.confidenceThreshold = threshold
            let store = try tool.store()
            let test = try store.write { transaction in
                let owner = try tool.project(project, in: transaction)
                return try transaction.createTest(draft, project: owner.projectID)
            }
            try tool.publishSnapshot(store)
            guard !json else { return tool.console.json { test.write(to: &$0) } }
            tool.console.line("The test \(test.testID) is active; \(percent(test.shareOfA)) % of the visitors see A.")
        }

        private func percent(_ share: Double) -> String { Display.oneDigit(share * 100) }
    }

    struct List: ToolCommand {
        static let configuration = CommandConfiguration(abstract: "List the tests, oldest first.")

        @OptionGroup var options: ToolOptions
        @Option(help: "The project's id or name. Default: the configuration's.") var project: String?
        @Flag(help: "Print an array of objects.") var json = false

        var wantsJSON: Bool { json }

        func perform(_ tool: Tool) throws {
            let (tests, sessions) = try tool.store().read { transaction in
                let owner = try tool.project(project, in: transaction).projectID
                return (try transaction.tests(project: owner), try transaction.assignedSessions(project: owner))
            }
            guard !json else {
                return tool.console.json { json in
                    json.array { json in
                        for test in tests { test.write(sessions: sessions[test.testID] ?? (0, 0), to: &json) }
                    }
                }
            }
            var table = Table(["TEST", "STATUS", "COMPONENT", "SINCE", "SESSIONS A", "SESSIONS B"])
            for test in tests {
                let counts = sessions[test.testID] ?? (0, 0)
                table.add([
                    test.testID, test.status.rawValue, test.componentID ?? "-", test.startDate.wholeSecondsText,
                    "\(counts.a)", "\(counts.b)",
                ])
            }
            for line in table.lines { tool.console.line(line) }
        }
    }

    struct Pause: TestMove {
        static let configuration = CommandConfiguration(abstract: "Assign nobody new; who has a variant keeps it.")
        static let target = ABTest.Status.paused

        @OptionGroup var options: ToolOptions
        @OptionGroup var move: TestMoveArguments
    }

    struct Resume: TestMove {
        static let configuration = CommandConfiguration(abstract: "Assign new visitors again.")
        static let target = ABTest.Status.active

        @OptionGroup var options: ToolOptions
        @OptionGroup var move: TestMoveArguments
    }

    struct Complete: TestMove {
        static let configuration = CommandConfiguration(abstract: "End the test.")
        static let target = ABTest.Status.completed

        @OptionGroup var options: ToolOptions
        @OptionGroup var move: TestMoveArguments
    }

    struct Archive: TestMove {
        static let configuration = CommandConfiguration(abstract: "Put the test away.")
        static let target = ABTest.Status.archived

        @OptionGroup var options: ToolOptions
        @OptionGroup var move: TestMoveArguments
    }
}

/// Which test is moved.
struct TestMoveArguments: ParsableArguments {
    @Argument(help: "The test's id.") var testID: String
    @Option(help: "The project's id or name. Default: the configuration's.") var project: String?
}

/// A command that moves a test to another state.
protocol TestMove: ToolCommand {
    static var target: ABTest.Status { get }
    var move: TestMoveArguments { get }
}

extension TestMove {
    func perform(_ tool: Tool) throws {
        let store = try tool.store()
        try store.write { transaction in
            let owner = try tool.project(move.project, in: transaction)
            try transaction.moveTest(move.testID, project: owner.projectID, to: Self.target)
        }
        try tool.publishSnapshot(store)
        tool.console.line("The test \(move.testID) is \(Self.target.rawValue).")
    }
}

extension ABTest {
    /// Writes the test as an object, with the sessions that each variant has where they were counted.
    func write(sessions: (a: Int, b: Int)? = nil, to json: inout JSONWriter) {
        json.object { json in
            json.member("test_id", testID)
            json.member("test_name", name)
            json.member("component_id", componentID)
            json.member("status", status.rawValue)
            json.member("share_of_a", shareOfA)
            json.member("start_date", startDate.description)
            json.member("end_date", endDate?.description)
            json.member("target_conversion", targetConversion)
            json.member("sample_size", sampleSize)
            json.member("confidence_threshold", confidenceThreshold)
            json.member("winner_variant", winnerVariant)
            json.member("created_at", createdAt.description)
            if let sessions {
                json.object("sessions") { json in
                    json.member("A", sessions.a)
                    json.member("B", sessions.b)
                }
            }
        }
    }
}
