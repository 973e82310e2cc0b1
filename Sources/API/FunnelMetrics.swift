import ControlStore
import EventModel
import FoundationEssentials
import KeyValue

/// The funnel records of one project, as the aggregation wrote them.
package struct FunnelMetrics: Sendable {
    /// `funnel:live`, else the newest daily record; nil where there is neither. The record's JSON, unchanged.
    package let live: String?
    /// Whether `live` has expired, so that a daily record stands in for it.
    package let isStale: Bool
    /// When the record in `live` was written: its `lastUpdated`.
    package let asOf: String?
    /// `funnel:ai_advice:latest`.
    package let advice: String?
    /// Every summary there is, oldest first.
    package let history: [String]

    /// Summaries live for 90 days, so there are never more.
    private static let maximumSummaries = 100
    private static let maximumDays = 40

    /// Reads them in one snapshot. Every project has its records under its id; those of the default project also
    /// stand under the plain names, which serve where the others are missing.
    package static func read(
        project: ProjectID, isDefault: Bool, in transaction: StoreTransaction
    ) throws -> FunnelMetrics {
        let store = KeyValueStore(namespace: "FUNNEL_DATA")
        let prefixes = ["funnel:\(project):"] + (isDefault ? ["funnel:"] : [])

        func entry(_ name: String) throws -> KeyValueEntry? {
            for prefix in prefixes {
                if let entry = try store.get(prefix + name, in: transaction) { return entry }
            }
            return nil
        }
        func entries(_ name: String, limit: Int) throws -> [KeyValueEntry] {
            for prefix in prefixes {
                let entries = try store.list(prefix: prefix + name, limit: limit, in: transaction)
                // Keys end in a date, so the order of keys is that of days.
                if !entries.isEmpty { return entries.sorted { $0.key < $1.key } }
            }
            return []
        }
        let live = try entry("live")
        let shown = try live ?? entries("daily:", limit: maximumDays).last
        return FunnelMetrics(
            live: shown?.json, isStale: live == nil && shown != nil, asOf: shown.flatMap { Self.lastUpdated($0.json) },
            advice: try entry("ai_advice:latest")?.json,
            history: try entries("summary:", limit: maximumSummaries).map(\.json))
    }

    private static func lastUpdated(_ json: String) -> String? {
        struct Dated: Decodable { let lastUpdated: String? }
        return try? JSONDecoder().decode(Dated.self, from: Data(json.utf8)).lastUpdated
    }
}
