import ControlStore
import EventModel
import Warehouse

/// What the system's own events say of a window.
struct OwnFigures: Equatable {
    var counts = WindowCounts()
    var revenue = WindowRevenue()
    var sessions = WindowSessions()
}

/// Asks a project's own events.
struct OwnEvents {
    let store: ControlStore
    let warehouse: any EventWarehouse
    let dataDirectory: String
    let project: Project
    let conversionEvent: String
    let ctaComponents: [String]

    func figures(of window: RecordWindow) throws -> OwnFigures {
        let question = question(from: window.start, to: window.end, event: conversionEvent)
        let files = try files(from: window.start.day, to: window.end.day)
        let inside = files.filter { $0.maxTimestamp >= window.start && $0.minTimestamp < window.end }.map(path)
        // A session may have begun the day before, and may end the day after.
        let around = try self.files(from: window.start.day.advanced(by: -1), to: window.end.day.advanced(by: 1))
        var figures = OwnFigures()
        guard !inside.isEmpty else { return figures }
        figures.counts = try warehouse.counts(question, ctaComponents: ctaComponents, files: inside)
        figures.revenue = try warehouse.revenue(question, files: inside)
        figures.sessions = try warehouse.sessions(question, files: around.map(path))
        return figures
    }

    /// Every conversion from `start` to `end`, by visitor, each visitor's in order of time.
    func conversions(_ event: String, from start: Timestamp, to end: Timestamp) throws -> [String: [Conversion]] {
        let question = question(from: start, to: end, event: event)
        let files = try files(from: start.day, to: end.day).filter { $0.maxTimestamp >= start && $0.minTimestamp < end }
        return Dictionary(grouping: try warehouse.conversions(question, files: files.map(path)), by: \.visitor)
    }

    private func question(from start: Timestamp, to end: Timestamp, event: String) -> WindowQuestion {
        WindowQuestion(start: start, end: end, conversionEvent: event, currency: project.currency)
    }

    private func files(from first: Day, to last: Day) throws -> [EventFile] {
        try store.read { try $0.eventFiles(of: project.projectID, from: first, to: last) }
    }

    private func path(_ file: EventFile) -> String { dataDirectory + "/" + file.path }
}
