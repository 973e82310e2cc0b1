import Crypto
import EventModel

/// One visitor of the demo's shop and all that he does.
struct DemoVisitor {
    private let traffic: DemoTraffic
    private let userID: String
    private let device: DemoShop.Device
    private let country: String
    private let language: String
    private let assigned: String
    private var generator: SplitMix64
    /// For ids: they differ with the moment, so that sending a seed again another day is other traffic.
    private var identities: SplitMix64
    private var session = DemoSession(id: "", time: Timestamp(milliseconds: 0), source: .init(referrer: nil, query: ""))
    private var hasVariant = false
    private var made: [Event] = []

    init(number: Int, traffic: DemoTraffic) {
        self.traffic = traffic
        var generator = SplitMix64(seed: traffic.seed, stream: UInt64(number))
        identities = SplitMix64(
            seed: traffic.seed, stream: UInt64(number), UInt64(bitPattern: traffic.now.milliseconds))
        userID = "v_" + generator.hex(12)
        device = generator.choice(DemoShop.devices) ?? DemoShop.devices[0].0
        (country, language) = generator.choice(DemoShop.places) ?? DemoShop.places[0].0
        let digest = SHA256.hash(data: Array("\(traffic.testID):\(userID)".utf8))
        assigned = VariantAssignment.variant(
            bucket: VariantAssignment.bucket(sha256: digest), shareOfA: traffic.shareOfA)
        self.generator = generator
    }

    /// Every event of the visitor, in the order of time.
    mutating func events() -> [Event] {
        let (start, lastStart) = traffic.start(&generator)
        visit(at: start)
        let again = session.time + .seconds(generator.integer(45 * 60...180 * 60))
        if generator.chance(0.12), again <= lastStart { visit(at: again) }
        return made
    }

    private mutating func visit(at start: Timestamp) {
        let source = generator.choice(DemoShop.sources) ?? DemoShop.sources[0].0
        session = DemoSession(id: "s_" + identities.hex(16), time: start, source: source)
        open(generator.choice(DemoShop.landings) ?? "/")
        if generator.chance(0.36) { return leave(scrolledTo: generator.integer(3...22), .close) }
        look()
        if session.path == "/" { seeHero() }
        if generator.chance(0.12) { joinNewsletter() }
        let rate = hasVariant ? DemoShop.conversionRates[assigned] ?? 0 : DemoShop.baseRate
        // Bouncing comes before: the rate is of all visitors, not of those who stay.
        shop(buys: generator.chance(rate / 0.64))
        stumble()
        leave(scrolledTo: generator.integer(40...100), generator.chance(0.7) ? .close : .navigation)
    }

    /// Reads a page.
    private mutating func look() {
        add("scroll_depth", after: 4...40) { $0.percentage([25, 50, 75, 90][Int($1.integer(0...3))]) }
        if generator.chance(0.5) {
            add("hover", after: 1...6) { event, _ in event.element("main > section.teaser", "div", component: "teaser")
            }
        }
        if generator.chance(0.3) {
            add("scroll", after: 1...5) { _, _ in }
        }
        if generator.chance(0.4) {
            add("time_on_element", after: 3...20) { event, generator in
                event.element("main > section.teaser", "section", component: "teaser")
                event.eventData = "{\"duration_ms\":\(generator.integer(1_100...25_000))}"
            }
        }
    }

    /// The hero of the start page, whose button the test is about.
    private mutating func seeHero() {
        guard generator.chance(assigned == "B" ? 0.42 : 0.31) else { return }
        add("click", after: 2...15) { event, _ in
            event.element("main > section.hero > a.cta", "a", component: DemoShop.heroComponent)
            event.elementText = "Find your pair"
            event.eventData = "{\"cta\":true}"
        }
    }

    private mutating func joinNewsletter() {
        open("/newsletter")
        step("lead_capture", "view", 1)
        guard generator.chance(0.6) else { return }
        form("form_start", "newsletter", after: 3...15)
        step("lead_capture", "form", 2)
        if generator.chance(0.45) {
            add("hesitation", after: 4...20) { event, generator in
                event.element("form#newsletter > input.mail", "input", component: "newsletter")
                let hesitation = generator.integer(3_100...14_000)
                event.eventData = "{\"hesitation_ms\":\(hesitation)}"
                event.hesitationMilliseconds = hesitation
            }
        }
        if generator.chance(0.55) {
            form("form_submit", "newsletter", after: 5...40)
            step("lead_capture", "done", 3)
        } else {
            form("form_abandon", "newsletter", after: 5...60)
        }
    }

    private mutating func shop(buys: Bool) {
        let product = DemoShop.products[Int(generator.integer(0...Int64(DemoShop.products.count - 1)))]
        guard buys || generator.chance(0.55) else { return }
        open(product.path)
        look()
        guard buys || generator.chance(0.28) else { return }
        let price = Display.money(product.cents)
        add("add_to_cart", after: 5...60) { event, _ in
            event.element("main > button.buy", "button", component: "buy_button")
            event.properties = [.init(name: "product", value: product.name), .init(name: "price", value: price)]
        }
        step("checkout", "cart", 1)
        guard buys || generator.chance(0.45) else { return }
        open("/checkout")
        add("checkout_start", after: 1...4) { event, _ in event.properties = [.init(name: "cart_value", value: price)] }
        step("checkout", "address", 2)
        form("form_start", "checkout", after: 2...12)
        guard buys else { return form("form_abandon", "checkout", after: 10...120) }
        form("form_submit", "checkout", after: 20...180)
        buy(product)
    }

    private mutating func buy(_ product: DemoShop.Product) {
        open("/checkout/thanks")
        let order = "o_" + identities.hex(12)
        let revenue = Display.money(product.cents * generator.integer(1...2))
        // A page of thanks that is loaded again sends its purchase again: the order counts once.
        for _ in 0..<(generator.chance(0.03) ? 2 : 1) {
            add(traffic.conversionEvent, after: 1...5) { event, _ in
                event.properties = [
                    .init(name: "order_id", value: order), .init(name: "revenue", value: revenue),
                    .init(name: "currency", value: "USD"), .init(name: "product", value: product.name),
                ]
            }
        }
        step("checkout", "paid", 3)
    }

    /// What goes wrong for some.
    private mutating func stumble() {
        if generator.chance(0.05) {
            add("rage_click", after: 2...20) { event, generator in
                event.element("main > div.size-picker", "div", component: "size_picker")
                event.coordinates = .init(
                    x: Double(generator.integer(40...360)), y: Double(generator.integer(200...600)))
                event.eventData = "{\"clicks\":\(generator.integer(3...7))}"
            }
        }
        if generator.chance(0.015) {
            add("error", after: 1...5) { event, _ in
                event.eventData =
                    "{\"message\":\"Cannot read properties of undefined\",\"file\":\"/cart.js\",\"line\":214}"
            }
        }
    }

    private mutating func leave(scrolledTo percent: Int64, _ reason: Event.Exit.Reason) {
        add("scroll_depth", after: 3...50) { event, _ in
            event.percentage(percent)
            event.exit = Event.Exit(page: event.pageURL, reason: reason)
        }
    }

    private mutating func open(_ path: String) {
        if !session.path.isEmpty {
            add("click", after: 1...10) { event, generator in
                event.element("nav > a", "a", component: "navigation")
                event.coordinates = .init(x: Double(generator.integer(10...380)), y: Double(generator.integer(10...80)))
            }
        }
        let isFirst = session.path.isEmpty
        session.path = path
        if path == "/" { hasVariant = true }
        add("page_view", after: isFirst ? 0...0 : 1...3) { _, _ in }
    }

    private mutating func form(_ type: String, _ name: String, after seconds: ClosedRange<Int64>) {
        add(type, after: seconds) { event, _ in
            event.element("form#\(name)", "form", component: name)
            event.eventData = "{\"form\":\"\(name)\"}"
        }
    }

    private mutating func step(_ funnel: String, _ step: String, _ order: Int64) {
        add("funnel_step", after: 0...1) { event, _ in
            event.funnel = Event.FunnelStep(name: funnel, step: step, order: order)
        }
    }

    /// Adds an event some seconds after the last one.
    private mutating func add(
        _ type: String, after seconds: ClosedRange<Int64>, _ fill: (inout Event, inout SplitMix64) -> Void
    ) {
        let pause = generator.integer(seconds.lowerBound * 1_000...seconds.upperBound * 1_000 + 999)
        // A session stays short of what the shop's visits may last; see DemoTraffic.lastStart.
        if !made.isEmpty, session.hasBegun { session.time = session.time + .milliseconds(pause) }
        session.hasBegun = true
        var event = Event(
            id: EventID(
                high: identities.next() & ~0xF000 | 0x4000, low: identities.next() & ~(3 << 62) | 1 << 63),
            projectID: ProjectID(rawValue: ""), receivedAt: session.time, timestamp: session.time, eventType: type,
            pageURL: DemoShop.origin + session.path + (session.pages == 0 ? session.source.query : ""))
        if type == "page_view" { session.pages += 1 }
        event.userID = userID
        event.sessionID = session.id
        event.referrer = session.source.referrer
        event.userAgent = device.userAgent
        event.countryCode = country
        event.viewport = Event.Viewport(width: device.width, height: device.height)
        event.deviceType = device.type
        event.language = language
        event.screenResolution = device.screen
        if hasVariant { event.variant = Event.Variant(testID: traffic.testID, variant: assigned) }
        fill(&event, &generator)
        made.append(event)
    }
}

/// Where a visitor is in a visit.
private struct DemoSession {
    let id: String
    var time: Timestamp
    let source: DemoShop.Source
    var path = ""
    var pages = 0
    var hasBegun = false
}

extension Event {
    fileprivate mutating func element(_ path: String, _ type: String, component: String) {
        elementPath = path
        elementType = type
        componentID = component
    }

    fileprivate mutating func percentage(_ value: Int64) {
        eventData = "{\"percentage\":\(value)}"
        scrollPercentage = Double(value)
    }
}
