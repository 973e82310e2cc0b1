import Foundation

@testable import Ingest

/// What the specification makes of a request's body: how many of its events are good, nil where it is refused whole.
struct NaiveBody {
    let good: Int
    let bad: Int

    init?(_ bytes: [UInt8], path: String, _ sending: NaiveEvent.Sending) {
        guard let tree = try? NaiveJSON.read(bytes) else { return nil }
        let isBatch =
            path == "/api/v1/track/batch"
            || (path == "/b" && tree.members.contains { $0.name.string == "events" })
        guard isBatch else {
            let isGood = NaiveEvent(tree, sending).faults.isEmpty
            (good, bad) = (isGood ? 1 : 0, isGood ? 0 : 1)
            return
        }
        func only(_ name: String) -> NaiveJSON?? {
            let values = tree.members.filter { $0.name.string == name }.map(\.value)
            if values.count > 1 { return nil }
            return .some(values.first.flatMap { $0.kind == .null ? nil : $0 })
        }
        guard let events = only("events"), let sentAt = only("sent_at"), let gpc = only("gpc"), let key = only("key"),
            let events, events.kind == .array, (1...1_000).contains(events.elements.count),
            key == nil || key?.kind == .string, gpc == nil || gpc?.kind == .bool
        else { return nil }
        var sending = sending
        sending.isPrivate = sending.isPrivate || gpc?.bool == true
        if let sentAt {
            let moment =
                sentAt.kind == .string
                ? NaiveTime.read(sentAt.string)
                : sentAt.kind == .number && abs(sentAt.number) < 1e17
                    ? Int64(sentAt.number.rounded(.towardZero)) : nil
            guard let moment, NaiveTime.believable.contains(moment) else { return nil }
            sending.batchClockError = sending.receivedAt - moment
        }
        let verdicts = events.elements.map { NaiveEvent($0, sending).faults.isEmpty }
        (good, bad) = (verdicts.filter { $0 }.count, verdicts.filter { !$0 }.count)
    }
}
