import ControlStore
import Crypto
import EventModel

/// The sessions of one visitor whose events name none: an event joins a session where less than 30 minutes lie
/// between it and one of its ends, and the session stays within 24 hours; else it begins one.
struct VisitorSessions {
    /// A session as it stands while the visitor's events are gone through.
    struct Span {
        let sessionID: String
        var first: Timestamp
        var last: Timestamp
        /// The session's row; nil where the visitor's events made it.
        let known: SessionRecord?
    }

    let timeout: Duration
    let maxSession: Duration
    private(set) var spans: [Span]

    /// `known` are the rows of all sessions that an event may join.
    init(_ known: [SessionRecord], timeout: Duration, maxSession: Duration) {
        self.timeout = timeout
        self.maxSession = maxSession
        spans = known.map { Span(sessionID: $0.sessionID, first: $0.first.time, last: $0.last.time, known: $0) }
        spans.sort { ($0.first, $0.sessionID) < ($1.first, $1.sessionID) }
    }

    /// The place in `spans` of the session that an event belongs to; events come in the order of their time.
    mutating func place(at time: Timestamp, begins sessionID: @autoclosure () -> String) -> Int {
        for index in spans.indices where accepts(spans[index], time) {
            spans[index].first = min(spans[index].first, time)
            spans[index].last = max(spans[index].last, time)
            return index
        }
        spans.append(Span(sessionID: sessionID(), first: time, last: time, known: nil))
        return spans.count - 1
    }

    private func accepts(_ span: Span, _ time: Timestamp) -> Bool {
        guard time - span.last < timeout, span.first - time < timeout else { return false }
        return max(span.last, time) - min(span.first, time) <= maxSession
    }

    /// The id of the session that an event begins: the same whenever the event is loaded.
    static func sessionID(project: ProjectID, visitor: String, event: EventID) -> String {
        var hash = SHA256()
        hash.update(data: Array(project.rawValue.utf8))
        hash.update(data: [0])
        hash.update(data: Array(visitor.utf8))
        hash.update(data: [0])
        hash.update(data: Array(event.description.utf8))
        return "s_" + hexText(hash.finalize().prefix(16))
    }
}
