import ArgumentParser
import ControlStore
import EventModel

/// `millrace demo`: believable traffic with known numbers, through the real ingest path.
struct DemoCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Send believable traffic whose numbers are known, and print them.",
        discussion: """
            By default all of it lies in the last 24 hours, so that funnel:live shows the same numbers. The test \
            hero_cta has a known true difference: A converts 6 %, B 10 % of those who see it.
            """)

    @OptionGroup var options: ToolOptions
    @Option(help: "Days of traffic, back from now; 80 at most.") var days = 1
    @Option(help: "How many visitors there are.") var visitors = 2_000
    @Option(help: "What determines the traffic; the same seed is the same traffic.") var seed: UInt64 = 1
    @Option(help: "The project's id or name. Default: the configuration's.") var project: String?
    @Flag(help: "Print an object.") var json = false

    var wantsJSON: Bool { json }
    static let maximumVisitors = 10_000_000

    func validate() throws {
        guard (1...DemoTraffic.maximumDays).contains(days) else {
            throw ValidationError("--days is 1 to \(DemoTraffic.maximumDays)")
        }
        guard (1...Self.maximumVisitors).contains(visitors) else {
            throw ValidationError("--visitors is 1 to \(Self.maximumVisitors)")
        }
    }

    func perform(_ tool: Tool) throws {
        let store = try tool.store()
        // The daemon judges times by its own clock.
        var traffic = DemoTraffic(
            seed: seed, visitors: visitors, days: days, now: Clock.system.now(),
            conversionEvent: tool.configuration.funnel.conversionEvent)
        let owner = try store.write { transaction in
            let owner = try tool.project(project, in: transaction)
            let test = try demoTest(owner, traffic, in: transaction)
            return (project: owner, test: test)
        }
        traffic.shareOfA = owner.test.shareOfA
        if let event = owner.project.conversionEvent { traffic = traffic.converting(by: event) }
        let start = ContinuousClock.now
        var bots = 0
        let totals = try tool.withSecretKey(file: nil, project: owner.project.projectID.rawValue) { key in
            let totals = try send(traffic, key: key, tool)
            bots = try DemoBots(traffic: traffic).send(key: key, to: tool.configuration.ingest.unix)
            return totals
        }
        let seconds = start.duration(to: .now).fractionalSeconds
        if json {
            tool.console.json { json in
                json.object { json in
                    json.member("project_id", owner.project.projectID.rawValue)
                    json.member("test_id", traffic.testID)
                    json.member("seed", seed)
                    json.member("bot_events", bots)
                    json.member("seconds", seconds)
                    totals.write(to: &json)
                }
            }
        } else {
            DemoReport(totals: totals, bots: bots, seconds: seconds).print(tool.console)
        }
    }

    /// The test that the traffic takes part in; made where the project has none of this id.
    private func demoTest(_ owner: Project, _ traffic: DemoTraffic, in transaction: StoreTransaction) throws -> ABTest {
        if let test = try transaction.test(traffic.testID, project: owner.projectID) { return test }
        var draft = ABTestDraft(testID: traffic.testID, componentID: DemoShop.heroComponent)
        draft.name = "Hero button"
        draft.sampleSize = 500
        draft.startDate = traffic.begin.day.start
        return try transaction.createTest(draft, project: owner.projectID)
    }

    private func send(_ traffic: DemoTraffic, key: String, _ tool: Tool) throws -> DemoTotals {
        var refusal: StreamSender.Refusal?
        let sender = try StreamSender(path: tool.configuration.ingest.stream, key: key) { refusal = refusal ?? $0 }
        var progress = SendProgress(console: tool.console)
        var writer = JSONWriter()
        let totals = try traffic.generate { event in
            writer.removeAll()
            event.write(to: &writer)
            try sender.send(writer.bytes)
            progress.show(sender)
        }
        try sender.finish()
        progress.end()
        if let refusal {
            throw ToolError(
                .badData,
                "the daemon refused \(sender.refusedLines) of \(sender.sentLines) events, first \(refusal.reason)")
        }
        return totals
    }
}

extension DemoTraffic {
    /// The same traffic with another name for a purchase.
    func converting(by event: String) -> DemoTraffic {
        DemoTraffic(
            seed: seed, visitors: visitors, days: days, now: now, conversionEvent: event, shareOfA: shareOfA,
            testID: testID)
    }
}

/// What the demo sent, for people.
struct DemoReport {
    let totals: DemoTotals
    let bots: Int
    let seconds: Double

    func print(_ console: Console) {
        let events = totals.days.values.reduce(0) { $0 + $1.events }
        console.line(
            "Sent \(Display.number(events)) events in \(Display.duration(seconds: seconds)), "
                + "and \(bots) of crawlers, which count nowhere."
        )
        console.line()
        var table = Table(["", "VISITORS", "SESSIONS", "CONVERSIONS", "REVENUE", "EVENTS"])
        for (day, counts) in totals.days.sorted(by: { $0.key < $1.key }) { table.add(row(day.description, counts)) }
        table.add(row("last 24 hours", totals.live))
        for line in table.lines { console.line(line) }
        console.line()
        var variants = Table(["VARIANT", "VISITORS", "CONVERSIONS", "REVENUE"])
        for (name, counts) in totals.variants.sorted(by: { $0.key < $1.key }) {
            variants.add([
                name, Display.number(counts.visitors), Display.number(counts.conversions),
                Display.money(counts.revenueCents),
            ])
        }
        for line in variants.lines { console.line(line) }
        console.line()
        let types = totals.live.eventsByType.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        console.line(
            "last 24 hours by type: " + types.map { "\($0.key) \(Display.number($0.value))" }.joined(separator: ", "))
    }

    private func row(_ name: String, _ counts: DemoTotals.Counts) -> [String] {
        [
            name, Display.number(counts.visitors), Display.number(counts.sessions), Display.number(counts.conversions),
            Display.money(counts.revenueCents), Display.number(counts.events),
        ]
    }
}
