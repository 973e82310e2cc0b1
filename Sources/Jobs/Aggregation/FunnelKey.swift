import EventModel

/// The keys of the funnel records, and how long each lives.
enum FunnelKey {
    static let namespace = "FUNNEL_DATA"

    case live
    case daily(Day)
    case summary(Day)

    /// The key of the default project where `project` is nil.
    func name(of project: ProjectID?) -> String {
        let rest =
            switch self {
            case .live: "live"
            case .daily(let day): "daily:\(day)"
            case .summary(let day): "summary:\(day)"
            }
        return project.map { "funnel:\($0):\(rest)" } ?? "funnel:\(rest)"
    }

    var lifetime: Duration {
        switch self {
        case .live: .seconds(12 * 3_600)
        case .daily: .seconds(30 * 86_400)
        case .summary: .seconds(90 * 86_400)
        }
    }
}
