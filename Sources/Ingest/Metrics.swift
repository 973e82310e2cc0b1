import EventModel

/// The counters in Prometheus's text format.
enum Metrics {
    static func text(
        _ values: Counters.Values, _ gauges: Gauges.Values, log: any DurableLog, startedAt: Timestamp
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
        for (name, meaning, value) in [
            ("log_last_sequence", "The last number that the log gave.", Int(clamping: log.lastSequence)),
            ("log_durable_sequence", "The last number that is on the disk.", Int(clamping: log.durableSequence)),
            ("log_refusing", "1 while the log takes nothing, as when the disk is full.", log.refusal == nil ? 0 : 1),
            ("connections", "Connections that are open.", gauges.connections),
            ("buffered_bytes", "Bytes of requests that are not complete yet.", gauges.bufferedBytes),
            ("start_time_seconds", "When the daemon started, since 1970.", Int(startedAt.milliseconds / 1_000)),
        ] {
            text += head("millrace_\(name)", "gauge", meaning) + "millrace_\(name) \(value)\n"
        }
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
