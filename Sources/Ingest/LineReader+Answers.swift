import EventModel
import NIOCore
import WriteAheadLog

extension LineReader {
    /// Ends the reading for a fault of the sender's or for want of room, which counts as one event.
    func refuse(_ refusal: Refusal) {
        guard failure == nil else { return }
        failureVerdict = .one(refusal.reason)
        loop.counters.add(failureVerdict)
        count(refusal)
        fail(refusal)
    }

    /// Ends the reading because the daemon stops: what was not acknowledged is sent again, and counts then. A request
    /// that is refused as a whole counts, like any other.
    func stop(refusesRequest: Bool) {
        let stopping = Refusal(.overloaded, "the daemon stops; send what was not acknowledged again")
        if refusesRequest, lines == 0 { refuse(stopping) } else { fail(stopping) }
    }

    /// What was held back goes out from here on.
    func releaseAnswers() {
        guard holdsAnswers else { return }
        holdsAnswers = false
        if let heldAcknowledgement { writeAcknowledgement(heldAcknowledgement) }
        heldAcknowledgement = nil
    }

    /// Ends a stream of which more lines were refused than can be held back.
    func boundHeldAnswers() {
        guard holdsAnswers, output.readableBytes >= Self.outputBytes else { return }
        refuse(Refusal(.overloaded, "too many lines were refused for one request; send the rest in another"))
    }

    /// The last answer of a reader that failed: without a line's number.
    func writeFailure() {
        if let failure { write(failure, line: nil) }
    }

    func answer(_ refusal: Refusal, line: Int) {
        count(refusal)
        write(refusal, line: line)
    }

    private func count(_ refusal: Refusal) {
        loop.counters.add(
            refusal, project: key?.projectID, endpoint: source.endpoint, at: loop.shared.clock.now())
    }

    private func write(_ refusal: Refusal, line: Int?) {
        var json = JSONWriter()
        json.object {
            if let line { $0.member("line", line) }
            if let field = refusal.field { $0.member("field", field) }
            $0.member("error", refusal.text)
        }
        output.writeBytes(json.bytes)
        output.writeStaticString("\n")
    }

    /// Acknowledges the groups at the head that are done.
    func acknowledge() {
        var acked: Int?
        while let group = groups.first, group.isReady {
            groups.removeFirst()
            firstGroup += 1
            bytesInFlight -= group.bytes
            acked = group.lastLine
        }
        guard let acked else { return }
        if holdsAnswers { heldAcknowledgement = acked } else { writeAcknowledgement(acked) }
    }

    private func writeAcknowledgement(_ line: Int) {
        output.writeStaticString("{\"acked\": ")
        output.writeString(String(line))
        output.writeStaticString("}\n")
    }

    func becameDurable(_ number: Int) {
        guard let index = index(of: number) else { return }
        groups[index].isReady = true
        lastUse = .now()
        loop.counters.add(groups[index].verdict)
    }

    func wasRefused(_ number: Int, _ error: LogError) {
        acknowledge()
        guard let index = index(of: number) else { return }
        lostLines = true
        logRefused(groups[index].verdict)
    }

    func flushAnswers() {
        acknowledge()
        whenMoved()
    }

    private func index(of number: Int) -> CircularBuffer<Group>.Index? {
        guard number >= firstGroup, number < firstGroup + groups.count else { return nil }
        return groups.index(groups.startIndex, offsetBy: number - firstGroup)
    }
}
