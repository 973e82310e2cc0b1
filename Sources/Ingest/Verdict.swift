/// What became of the events of one request, or of all: each event is in exactly one of the numbers.
package struct Verdict: Equatable, Sendable {
    package var accepted = 0
    package var duplicate = 0
    package var bot = 0
    package var invalid = 0
    package var limited = 0
    package var unavailable = 0

    package init() {}

    static let oneInvalid: Verdict = {
        var verdict = Verdict()
        verdict.invalid = 1
        return verdict
    }()

    /// A request for which there was no room: it may be sent again.
    static let oneUnavailable: Verdict = {
        var verdict = Verdict()
        verdict.unavailable = 1
        return verdict
    }()

    /// A request, or the rest of a stream, that was refused before its events were read.
    static func one(_ reason: Refusal.Reason) -> Verdict { reason == .overloaded ? oneUnavailable : oneInvalid }

    package static func += (left: inout Verdict, right: Verdict) {
        left.accepted += right.accepted
        left.duplicate += right.duplicate
        left.bot += right.bot
        left.invalid += right.invalid
        left.limited += right.limited
        left.unavailable += right.unavailable
    }

    /// The same events where the log could not take those meant for it.
    var withLogUnavailable: Verdict {
        var verdict = self
        verdict.unavailable += accepted + bot
        verdict.accepted = 0
        verdict.bot = 0
        return verdict
    }

    /// All events.
    package var received: Int { accepted + duplicate + bot + invalid + limited + unavailable }

    /// The value of the header `Millrace-Verdict`.
    package var headerValue: String {
        "accepted=\(accepted); duplicate=\(duplicate); bot=\(bot); invalid=\(invalid); limited=\(limited); "
            + "unavailable=\(unavailable)"
    }
}
