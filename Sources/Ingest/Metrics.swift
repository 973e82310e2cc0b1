import EventModel

/// The counters in Prometheus's text format.
enum Metrics {
    static func text(
        _ values: Counters.Values, lastSequence: UInt64, durableSequence: UInt64, startedAt: Timestamp
    ) -> String {
        let verdict = values.verdict
        var text = head("millrace_events_total", "counter", "Events answered, by what became of them.")
        for (name, count) in verdict.named {
            text += "millrace_events_total{verdict=\"\(name)\"} \(count)\n"
        }
        text += head("millrace_refusals_total", "counter", "Events and requests refused, by reason.")
        for reason in Refusal.Reason.allCases {
            text += "millrace_refusals_total{reason=\"\(reason.rawValue)\"} \(values.refusals[reason] ?? 0)\n"
        }
        text += head("millrace_requests_total", "counter", "Requests and stream groups answered.")
        text += "millrace_requests_total \(values.requests)\n"
        text += head("millrace_log_last_sequence", "gauge", "The last number that the log gave.")
        text += "millrace_log_last_sequence \(lastSequence)\n"
        text += head("millrace_log_durable_sequence", "gauge", "The last number that is on the disk.")
        text += "millrace_log_durable_sequence \(durableSequence)\n"
        text += head("millrace_start_time_seconds", "gauge", "When the daemon started, since 1970.")
        text += "millrace_start_time_seconds \(startedAt.milliseconds / 1_000)\n"
        return text
    }

    private static func head(_ name: String, _ type: String, _ meaning: String) -> String {
        "# HELP \(name) \(meaning)\n# TYPE \(name) \(type)\n"
    }
}

extension Verdict {
    /// The numbers by the names they have in answers, metrics and status.
    var named: [(String, Int)] {
        [
            ("accepted", accepted), ("duplicate", duplicate), ("bot", bot), ("invalid", invalid), ("limited", limited),
            ("unavailable", unavailable),
        ]
    }
}
