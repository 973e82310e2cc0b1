import EventModel
import GRDB

/// What could not be stored, with the reason: a whole record, or one part of an event that is itself kept.
package struct DeadLetter: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case record, session
        case funnelStep = "funnel_step"
        case variant
    }

    /// `""` where the record names no project that exists.
    package var projectID: String
    package var kind: Kind
    package var reason: String
    /// The record's number in the log.
    package var sequence: UInt64
    /// A JSON object; of a record it holds its bytes as `record`, in base64.
    package var payload: String

    /// A reason is cut after 1,000 characters.
    package init(projectID: String, kind: Kind, reason: String, sequence: UInt64, payload: String) {
        self.projectID = projectID
        self.kind = kind
        self.reason = reason.cut(toCodePoints: 1_000)
        self.sequence = sequence
        self.payload = payload
    }
}

extension StoreTransaction {
    /// Keeps a dead letter; false where this part of this record is kept already.
    @discardableResult
    package func insertDeadLetter(_ letter: DeadLetter) throws -> Bool {
        try change(
            LoadingSQL.deadLetterInsert,
            [
                "project_id": letter.projectID, "kind": letter.kind.rawValue, "reason": letter.reason,
                "sequence": Int64(bitPattern: letter.sequence), "payload": letter.payload,
                "created_at": now.description,
            ]) == 1
    }

    /// The oldest dead letters, at most `maximum`.
    package func deadLetters(maximum: Int) throws -> [DeadLetter] {
        let sql = """
            SELECT project_id, kind, reason, sequence, payload FROM dead_letters ORDER BY dead_letter_id LIMIT :maximum
            """
        return try rows(sql, ["maximum": maximum]).map { row in
            guard let kind = DeadLetter.Kind(rawValue: row[1]) else {
                throw StoreError(.damaged, "a dead letter has the kind \"\(row[1] as String)\", which none has")
            }
            return DeadLetter(
                projectID: row[0], kind: kind, reason: row[2], sequence: UInt64(bitPattern: row[3] as Int64),
                payload: row[4])
        }
    }
}
