import ControlStore
import EventModel
import Warehouse

/// The sessions that a batch touches: what its events say of each, folded, and the row that each had before.
struct BatchSessions {
    struct Entry {
        let project: Int
        /// What the batch's events say.
        var delta: SessionRecord
        /// The row before; nil where there was none.
        var known: SessionRecord?
        var steps: [FunnelSteps.Entry] = []
        var variants: [VariantChoice] = []

        /// When the session began, after this batch.
        var startedAt: Timestamp { min(delta.first.time, known?.first.time ?? delta.first.time) }
    }

    private struct Key: Hashable {
        let project: Int32
        let text: String
    }

    let configuration: LoaderConfiguration
    private(set) var entries: [Entry] = []
    private(set) var deadLetters: [DeadLetter] = []
    private var places: [Key: Int] = [:]
    /// Of each event of the batch, the place of its session; -1 where it has none.
    private var sessionOf: [Int32] = []

    init(configuration: LoaderConfiguration) { self.configuration = configuration }

    /// Finds the session of each event, reads the rows of those that exist, and writes into each event what its
    /// file says of its session.
    mutating func resolve(_ batch: inout IdentifiedBatch, store: ControlStore) throws {
        sessionOf = [Int32](repeating: -1, count: batch.events.count)
        var visitors: [Key: [Int]] = [:]
        for index in batch.events.indices where batch.events[index].event.mayHaveSession {
            findSession(index, batch, &visitors)
        }
        try store.read { transaction in
            try readKnown(batch, transaction)
            for (visitor, indices) in visitors {
                try findSessions(of: visitor, indices, batch, transaction)
            }
        }
        for index in batch.events.indices { finish(index, &batch) }
    }

    /// By the session an event names; those without one wait with their visitor.
    private mutating func findSession(_ index: Int, _ batch: IdentifiedBatch, _ visitors: inout [Key: [Int]]) {
        let event = batch.events[index].event
        let project = batch.projectOf[index]
        guard let sessionID = event.sessionID else {
            if let visitor = event.visitor { visitors[Key(project: project, text: visitor), default: []].append(index) }
            return
        }
        guard Event.isUsable(sessionID) else {
            let origin = PartOrigin(batch, index, sessionID: nil)
            deadLetters.append(
                DeadLetter(.session, of: origin, reason: "session_id must have 1 to 255 characters") { json in
                    json.member("session", sessionID)
                })
            return
        }
        add(index, batch, Key(project: project, text: sessionID), known: nil, isMadeByLoader: false)
    }

    private mutating func readKnown(_ batch: IdentifiedBatch, _ transaction: StoreTransaction) throws {
        for place in entries.indices {
            let entry = entries[place]
            entries[place].known = try transaction.session(
                entry.delta.sessionID, of: batch.projects[entry.project])
        }
    }

    /// By the 30-minute rule, for the events of one visitor that name no session.
    private mutating func findSessions(
        of visitor: Key, _ indices: [Int], _ batch: IdentifiedBatch, _ transaction: StoreTransaction
    ) throws {
        let ordered = indices.sorted { batch.position($0) < batch.position($1) }
        guard let first = ordered.first, let last = ordered.last else { return }
        let project = batch.projects[Int(visitor.project)]
        let known = try transaction.sessionsMadeByLoader(
            for: visitor.text, of: project, since: batch.position(first).time - configuration.sessionTimeout,
            until: batch.position(last).time + configuration.sessionTimeout, maximum: Self.maxSessionsOfVisitor)
        var sessions = VisitorSessions(
            known, timeout: configuration.sessionTimeout, maxSession: configuration.maxSession)
        for index in ordered {
            let event = batch.events[index].event
            let place = sessions.place(
                at: event.timestamp,
                begins: VisitorSessions.sessionID(project: project, visitor: visitor.text, event: event.id))
            let span = sessions.spans[place]
            add(
                index, batch, Key(project: visitor.project, text: span.sessionID), known: span.known,
                isMadeByLoader: true)
        }
    }

    /// Of one visitor, in the stretch of time of one batch.
    private static let maxSessionsOfVisitor = 10_000

    private mutating func add(
        _ index: Int, _ batch: IdentifiedBatch, _ key: Key, known: SessionRecord?, isMadeByLoader: Bool
    ) {
        let delta = SessionRecord(batch.events[index], sessionID: key.text, isMadeByLoader: isMadeByLoader)
        if let place = places[key] {
            entries[place].delta.merge(delta)
            sessionOf[index] = Int32(place)
        } else {
            places[key] = entries.count
            sessionOf[index] = Int32(entries.count)
            entries.append(Entry(project: Int(key.project), delta: delta, known: known))
        }
    }

    /// Tells an event its session, and the session the event's funnel step and variant.
    private mutating func finish(_ index: Int, _ batch: inout IdentifiedBatch) {
        let place = Int(sessionOf[index])
        if place >= 0 {
            batch.events[index].sessionID = entries[place].delta.sessionID
            batch.events[index].sessionStartedAt = entries[place].startedAt
        }
        let event = batch.events[index].event
        guard event.mayHaveSession, event.funnel != nil || event.variant != nil else { return }
        let origin = PartOrigin(batch, index, sessionID: batch.events[index].sessionID)
        if let step = event.funnel { add(step, event, origin, place) }
        if let variant = event.variant { add(variant, origin, place) }
    }

    private mutating func add(_ step: Event.FunnelStep, _ event: Event, _ origin: PartOrigin, _ place: Int) {
        let fault = FunnelSteps.fault(in: step) ?? (place < 0 ? "the event has no session" : nil)
        if let fault {
            deadLetters.append(DeadLetter(step, of: origin, componentID: event.componentID, reason: fault))
            return
        }
        let record = FunnelStepRecord(
            funnel: step.name, step: step.step, order: step.order, enteredAt: event.timestamp,
            componentID: event.componentID)
        FunnelSteps.add(FunnelSteps.Entry(record: record, origin: origin), to: &entries[place].steps)
        entries[place].delta.hasFunnelSteps = true
    }

    private mutating func add(_ variant: Event.Variant, _ origin: PartOrigin, _ place: Int) {
        let isKnown = variant.variant == "A" || variant.variant == "B"
        let fault = isKnown ? (place < 0 ? "the event has no session" : nil) : "variant must be A or B"
        if let fault {
            deadLetters.append(DeadLetter(variant, of: origin, reason: fault))
        } else if let known = entries[place].variants.firstIndex(where: { $0.testID == variant.testID }) {
            entries[place].variants[known].add(variant.variant, origin: origin)
        } else {
            entries[place].variants.append(VariantChoice(variant, origin: origin))
        }
    }
}

extension IdentifiedBatch {
    func position(_ index: Int) -> EventPosition {
        EventPosition(time: events[index].event.timestamp, sequence: events[index].sequence)
    }
}

extension PartOrigin {
    init(_ batch: IdentifiedBatch, _ index: Int, sessionID: String?) {
        self.init(
            project: batch.projects[Int(batch.projectOf[index])], eventID: batch.events[index].event.id,
            position: batch.position(index), sessionID: sessionID)
    }
}
