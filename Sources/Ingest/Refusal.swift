/// Why something was refused: what is counted, and what the sender is told.
struct Refusal: Error, Equatable, Sendable {
    /// The names under which refusals are counted.
    enum Reason: String, Sendable, CaseIterable {
        case missingMember = "missing_member"
        case wrongType = "wrong_type"
        case wrongValue = "wrong_value"
        case tooLong = "too_long"
        case tooDeep = "too_deep"
        case nulCharacter = "nul_character"
        case repeatedMember = "repeated_member"
        case tooOld = "too_old"
        case inFuture = "in_future"
        case notJSON = "not_json"
        case emptyBatch = "empty_batch"
        case batchTooLong = "batch_too_long"
        case noKey = "no_key"
        case unknownKey = "unknown_key"
        case wrongOrigin = "wrong_origin"
        case bodyTooLarge = "body_too_large"
        case mediaType = "media_type"
        case contentEncoding = "content_encoding"
        case malformedRequest = "malformed_request"
        case tooSlow = "too_slow"
        case limited
        case overloaded
        case logUnavailable = "log_unavailable"
    }

    let reason: Reason
    /// The path of the member: `session.landing_page`.
    let field: String?
    /// Where in the body, counted from 0.
    let byte: Int?
    /// What was wrong and what is allowed; never what the sender wrote.
    let text: String

    init(_ reason: Reason, field: String? = nil, byte: Int? = nil, _ text: String) {
        self.reason = reason
        self.field = field
        self.byte = byte
        self.text = text
    }
}

/// One refused event of a batch.
struct RejectedEvent: Equatable, Sendable {
    /// Its place in the batch, from 0.
    let index: Int
    let refusal: Refusal
}
