/// What a project lets the browser's script do: from when on it calls something friction, and how many visitors send.
///
/// A project sets what it wants otherwise than by default. JSON holds only what is set, so that a reader of another
/// version finds what it knows, and the default for all else.
package struct BrowserSettings: Codable, Sendable, Equatable {
    /// A setting that is one number. Its raw value is its name in files, columns and answers; the unit stands last.
    package enum Number: String, CaseIterable, Sendable {
        /// Clicks on one component that are a rage click where the page does not answer; and where it does.
        case rageClicks = "rage_clicks"
        case rageClicksAnswered = "rage_clicks_answered"
        /// How far such clicks may lie apart, and how long after the one before each may come.
        case rageClickRadius = "rage_click_radius_px"
        case rageClickInterval = "rage_click_interval_ms"
        /// How long a click may stay without any effect before it is a dead one.
        case deadClick = "dead_click_ms"
        /// How long a control may have focus or pointer before its first input.
        case hesitation = "hesitation_ms"
        /// After this time without input a form is abandoned.
        case formIdle = "form_idle_minutes"
        /// A component counts as seen while so much of it is in view, and once it was for so long.
        case elementVisible = "element_visible_percent"
        case elementTime = "element_time_ms"
        /// The share of visitors whose browsers send, 0 to 1.
        case sampleRate = "sample_rate"

        package var standard: Double {
            switch self {
            case .rageClicks: 3
            case .rageClicksAnswered: 5
            case .rageClickRadius: 30
            case .rageClickInterval: 1_000
            case .deadClick: 2_500
            case .hesitation: 3_000
            case .formIdle: 30
            case .elementVisible: 50
            case .elementTime: 1_000
            case .sampleRate: 1
            }
        }

        /// What it may be set to; all but the share are whole numbers.
        package var bounds: ClosedRange<Double> {
            switch self {
            case .rageClicks, .rageClicksAnswered: 2...50
            case .rageClickRadius: 1...1_000
            case .rageClickInterval: 50...60_000
            case .deadClick, .hesitation, .elementTime: 100...600_000
            case .formIdle: 1...1_440
            case .elementVisible: 1...100
            case .sampleRate: 0...1
            }
        }

        package var isWhole: Bool { self != .sampleRate }

        package func allows(_ value: Double) -> Bool {
            bounds.contains(value) && (!isWhole || value == value.rounded())
        }
    }

    /// The name of the setting `scrollDepths`.
    package static let scrollDepthsName = "scroll_depth_percents"
    package static let standardScrollDepths = [25, 50, 75, 90, 100]
    /// How many depths there may be.
    package static let scrollDepthLimit = 20

    private var numbers: [Number: Double] = [:]
    /// At which depths of a page a browser says that it was scrolled so far: percents, ascending; nil for the default.
    package var scrollDepths: [Int]?

    package init() {}

    /// What is set; nil for the default.
    package subscript(set number: Number) -> Double? {
        get { numbers[number] }
        set { numbers[number] = newValue }
    }

    /// What holds: what is set, else the default.
    package subscript(_ number: Number) -> Double { numbers[number] ?? number.standard }

    /// Nothing is set.
    package var isStandard: Bool { numbers.isEmpty && scrollDepths == nil }

    /// Why these settings cannot be, in a sentence; nil where they can.
    package var fault: String? {
        for number in Number.allCases {
            guard let value = numbers[number], !number.allows(value) else { continue }
            let kind = number.isWhole ? "a whole number" : "a number"
            let bounds = number.bounds
            return "\(number.rawValue) is \(kind) from \(Int(bounds.lowerBound)) to \(Int(bounds.upperBound))"
        }
        if self[.rageClicksAnswered] < self[.rageClicks] {
            return "\(Number.rageClicksAnswered.rawValue) is no smaller than \(Number.rageClicks.rawValue)"
        }
        guard let depths = scrollDepths, !Self.areDepths(depths) else { return nil }
        return "\(Self.scrollDepthsName) are 1 to \(Self.scrollDepthLimit) whole percents from 1 to 100, ascending"
    }

    private static func areDepths(_ depths: [Int]) -> Bool {
        (1...scrollDepthLimit).contains(depths.count) && depths.allSatisfy((1...100).contains)
            && zip(depths, depths.dropFirst()).allSatisfy { $0 < $1 }
    }
}

extension BrowserSettings {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Name.self)
        for number in Number.allCases {
            numbers[number] = try members.decodeIfPresent(Double.self, forKey: Name(number.rawValue))
        }
        scrollDepths = try members.decodeIfPresent([Int].self, forKey: Name(Self.scrollDepthsName))
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Name.self)
        for (number, value) in numbers { try members.encode(value, forKey: Name(number.rawValue)) }
        try members.encodeIfPresent(scrollDepths, forKey: Name(Self.scrollDepthsName))
    }
}

extension BrowserSettings {
    /// Writes what holds for every setting, as an object; `left` stands elsewhere.
    package func write(_ name: String? = nil, without left: Number? = nil, to json: inout JSONWriter) {
        json.object(name) { json in
            for number in Number.allCases where number != left { json.member(number.rawValue, self[number]) }
            let depths = scrollDepths ?? Self.standardScrollDepths
            json.array(Self.scrollDepthsName) { json in for depth in depths { json.element(json: "\(depth)") } }
        }
    }
}
