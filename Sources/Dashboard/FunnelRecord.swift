import FoundationEssentials

/// `funnel:live` or a daily record, as far as the page shows it. Every member may be unknown, so that a record of
/// another version still shows what it has.
struct FunnelRecord: Decodable, Sendable {
    var date: String?
    var summary: Summary?
    var variants: [String: Variant]?
    var engagement: Engagement?
    var heatmap: Heatmap?
    var lastUpdated: String?
    var sources: [String: Source]?
    var statistics: Statistics?

    struct Summary: Decodable, Sendable {
        var totalVisitors: Double?
        var totalConversions: Double?
        var totalRevenue: Double?
        var overallConversionRate: Double?
        var testDuration: Double?
        var confidenceLevel: Double?
        var winner: String?
        var improvement: String?
    }

    struct Variant: Decodable, Sendable {
        var visitors: Double?
        var conversions: Double?
        var conversionRate: Double?
        var revenue: Double?
        var trafficAllocation: Double?
    }

    struct Engagement: Decodable, Sendable {
        var averageSessionDuration: Double?
        var bounceRate: Double?
        var rageClicks: Double?
        var scrollDepth: Double?
    }

    struct Heatmap: Decodable, Sendable {
        var ctaClicks: Double?
        var formInteractions: Double?
    }

    struct Source: Decodable, Sendable {
        var state: String?
        var asOf: String?
        var detail: String?
        var totals: Totals?

        enum CodingKeys: String, CodingKey {
            case state
            case asOf = "as_of"
            case detail, totals
        }
    }

    struct Totals: Decodable, Sendable {
        var visitors: Double?
        var conversions: Double?
        var revenue: Double?
        var sessions: Double?
    }

    struct Statistics: Decodable, Sendable {
        var testID: String?
        var source: String?
        var rates: [String: Rate]?
        var p: Double?
        var alwaysValidP: Double?
        var probabilityBBeatsA: Double?
        var sampleRatioP: Double?
        var crossovers: Double?
        var visitorsNeeded: Double?
        var reason: String?

        enum CodingKeys: String, CodingKey {
            case testID = "test_id"
            case source, rates, p
            case alwaysValidP = "always_valid_p"
            case probabilityBBeatsA = "probability_b_beats_a"
            case sampleRatioP = "sample_ratio_p"
            case crossovers
            case visitorsNeeded = "visitors_needed_per_variant"
            case reason
        }
    }

    struct Rate: Decodable, Sendable {
        var rate: Double?
        var low: Double?
        var high: Double?
    }

    /// Nil where the text is no record.
    init?(json: String) {
        guard let record = try? JSONDecoder().decode(FunnelRecord.self, from: Data(json.utf8)) else { return nil }
        self = record
    }
}

/// One day of the history.
struct DaySummary: Decodable, Sendable {
    var date: String
    var totalVisitors: Double?
    var totalConversions: Double?
    var totalRevenue: Double?
    var winner: String?
    var confidence: Double?

    /// Nil where the text is no summary.
    init?(json: String) {
        guard let summary = try? JSONDecoder().decode(DaySummary.self, from: Data(json.utf8)) else { return nil }
        self = summary
    }

    /// Conversions a visitor; nil where there were no visitors.
    var conversionRate: Double? {
        guard let totalVisitors, let totalConversions, totalVisitors > 0 else { return nil }
        return totalConversions / totalVisitors
    }
}
