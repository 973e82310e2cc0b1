import EventModel

/// What is the same for all events of one request: who sends, when, and by which rules.
struct EventContext {
    var key: KeyDirectory.Entry
    var receivedAt: Timestamp
    /// How old an event may be, in milliseconds.
    var maxAgeMilliseconds: Int64
    /// `Sec-GPC: 1` stood in the request.
    var isPrivate = false
    var sender: Sender
    /// How many events may still be taken before the rate limit; nil where there is none.
    var allowance: Int?
    /// Received minus `sent_at` of the body, in milliseconds.
    var clockErrorMilliseconds: Int64?
}

/// What the request itself says of its sender. Kept from request to request of a connection while it stays the same.
struct Sender: Equatable {
    /// UTF-8, cut to its limit.
    var userAgent: [UInt8]?
    var deviceType: String?
    var isBot = false
    /// ISO 3166-1 alpha-2.
    var countryCode: [UInt8]?
    /// Keyed hash of the address.
    var ipHash: [UInt8]?
    /// The day's visitor id, for events of public keys that name no user.
    var visitorID: [UInt8]?

    /// Of all its texts.
    var byteCount: Int {
        (userAgent?.count ?? 0) + (deviceType?.utf8.count ?? 0) + (countryCode?.count ?? 0) + (ipHash?.count ?? 0)
            + (visitorID?.count ?? 0)
    }
}
