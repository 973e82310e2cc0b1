import ControlStore
import EventModel

/// Writes a batch's sessions, funnel steps and assignments, within the batch's transaction. What breaks a rule of the
/// schema becomes a dead letter; the rest goes on.
struct SessionCommit {
    let transaction: StoreTransaction
    private(set) var deadLetters: [DeadLetter] = []
    private var testStates: [ProjectID: [String: String]] = [:]

    init(_ transaction: StoreTransaction) { self.transaction = transaction }

    mutating func write(_ entry: BatchSessions.Entry, of project: ProjectID) throws {
        var session: SessionRecord?
        let refusal = try Self.refusal("writing a session") { session = try put(entry, project) }
        guard let session else {
            refuse(entry, project, reason: refusal ?? "the session could not be written")
            return
        }
        try writeSteps(entry, session, project)
        for choice in entry.variants { try write(choice, session.sessionID, project) }
    }

    /// Merges what the batch says into the row, whether it is still the one that was read, another, or none.
    private func put(_ entry: BatchSessions.Entry, _ project: ProjectID) throws -> SessionRecord {
        if var session = entry.known {
            session.merge(entry.delta)
            if try transaction.updateSession(session, of: project) { return session }
        }
        if try transaction.insertSession(entry.delta, of: project) { return entry.delta }
        guard var session = try transaction.session(entry.delta.sessionID, of: project) else {
            throw StoreError(.refused, "the session \(entry.delta.sessionID) is neither there nor can it be added")
        }
        session.merge(entry.delta)
        _ = try transaction.updateSession(session, of: project)
        return session
    }

    private mutating func writeSteps(
        _ entry: BatchSessions.Entry, _ session: SessionRecord, _ project: ProjectID
    ) throws {
        let hasEnded = session.hasFunnelSteps && entry.known?.exit != session.exit
        guard !entry.steps.isEmpty || hasEnded else { return }
        let known = try transaction.funnelSteps(ofSession: session.sessionID, of: project)
        for step in FunnelSteps.settle(known, with: entry.steps, exit: session.exit) where !known.contains(step) {
            let refusal = try Self.refusal("writing a funnel step") {
                try transaction.putFunnelStep(step, session: session.sessionID, of: project)
            }
            guard let refusal else { continue }
            let origin = entry.steps.first { $0.record.order == step.order && $0.record.funnel == step.funnel }
            if let origin { deadLetters.append(DeadLetter(origin, reason: refusal)) }
        }
    }

    private mutating func write(_ choice: VariantChoice, _ session: String, _ project: ProjectID) throws {
        let states = try testStates[project] ?? transaction.testStates(of: project)
        testStates[project] = states
        guard let state = states[choice.testID] else {
            let reason = "there is no A/B test \(choice.testID); create it with `millrace test create`"
            deadLetters.append(DeadLetter(choice, reason: reason))
            return
        }
        let refusal = try Self.refusal("writing an assignment") {
            let known = try transaction.assignment(test: choice.testID, session: session, of: project)
            guard let row = choice.settle(known, isActive: state == "active") else { return }
            if known == nil {
                try transaction.insertAssignment(row, session: session, of: project)
            } else {
                try transaction.updateAssignment(row, session: session, of: project)
            }
        }
        if let refusal { deadLetters.append(DeadLetter(choice, reason: refusal)) }
    }

    private mutating func refuse(_ entry: BatchSessions.Entry, _ project: ProjectID, reason: String) {
        let origin = PartOrigin(
            project: project, eventID: EventID(high: 0, low: 0), position: entry.delta.first,
            sessionID: entry.delta.sessionID)
        deadLetters.append(
            DeadLetter(.session, of: origin, reason: reason) { $0.member("session", entry.delta.sessionID) })
        for step in entry.steps { deadLetters.append(DeadLetter(step, reason: reason)) }
        for choice in entry.variants { deadLetters.append(DeadLetter(choice, reason: reason)) }
    }

    /// Runs `body`; what it breaks of the schema's rules, as text. Any other error passes on.
    private static func refusal(_ what: String, _ body: () throws -> Void) throws -> String? {
        do {
            try body()
            return nil
        } catch {
            let failure = StoreError(error, attempting: what)
            guard failure.code == .refused else { throw failure }
            return failure.message
        }
    }
}
