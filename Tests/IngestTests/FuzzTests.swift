import EventModel
import Foundation
import Testing

@testable import Ingest

/// Random connections against the running daemon: requests and lines of every kind, torn and forged, in random pieces.
/// A second's worth as a rule; `MILLRACE_FUZZ_SECONDS` makes it longer, `MILLRACE_SEED` repeats one connection.
@Suite(.serialized) struct FuzzTests {
    static let now = Timestamp("2025-06-01T12:00:00Z")!

    /// Calls `body` with one seed after the other, until there were enough or it found five problems.
    private static func seeds(_ count: Int, _ body: (UInt64) throws -> [String]) rethrows {
        let end = Effort.fuzzSeconds.map { Date(timeIntervalSinceNow: Double($0) / 2) }
        var seed = Effort.seed ?? (Effort.fuzzSeconds == nil ? 1 : UInt64(Date().timeIntervalSince1970) << 20)
        var problems = 0
        var tried = 0
        while problems < 5, tried == 0 || (Effort.seed == nil && end.map { $0 > Date() } ?? (tried < count)) {
            for problem in try body(seed) {
                problems += 1
                Issue.record("MILLRACE_SEED=\(seed): \(problem)")
            }
            seed += 1
            tried += 1
        }
        if Effort.fuzzSeconds != nil { print("\(tried) connections, \(problems) problems, to seed \(seed)") }
    }

    @Test func `nothing that a connection sends breaks the daemon, is taken without being a request, or miscounted`()
        async throws
    {
        let log = MemoryLog(failureEvery: 50)
        let snapshot = TestServer.snapshot(domains: ["example.com", "*.example.com"])
        try await TestServer.run(snapshot, log: log, clock: .fixed(Self.now)) { (server) async throws in
            var tally = (requests: 0, accepted: 0)
            try Self.seeds(Effort.isLong ? 20_000 : 120) { seed in
                try HTTPCase(seed: seed, server: server).run(&tally)
            }
            try await server.expectQuiet(log)
            guard Effort.seed == nil else { return }
            #expect(tally.requests > 50 && tally.accepted > 10)
        }
    }

    @Test func `nothing that a stream sends breaks the daemon, and each line's verdict is a naive reader's`()
        async throws
    {
        let log = MemoryLog(failureEvery: 0)
        try await TestServer.run(log: log, clock: .fixed(Self.now)) { (server) async throws in
            try Self.seeds(Effort.isLong ? 20_000 : 80) { seed in try StreamCase(seed: seed, server: server).run(log) }
            try await server.expectQuiet(log)
        }
    }
}

extension TestServer {
    /// After all connections: nothing is held, all is counted, every record can be read.
    fileprivate func expectQuiet(_ log: MemoryLog) async throws {
        #expect(try await server.bufferedBytes() == 0)
        #expect(log.unreadableCount == 0)
        #expect(server.verdict.accepted + server.verdict.bot == log.durableCount)
    }

    fileprivate var sending: NaiveEvent.Sending {
        NaiveEvent.Sending(receivedAt: FuzzTests.now.milliseconds, maxAge: Int64(options.maxAgeDays) * Day.milliseconds)
    }
}

/// One connection to the HTTP listener.
private struct HTTPCase {
    let seed: UInt64
    let server: TestServer

    /// What went wrong.
    func run(_ tally: inout (requests: Int, accepted: Int)) throws -> [String] {
        var generator = RequestGenerator(seed: seed, receivedAt: FuzzTests.now.milliseconds)
        let bytes = generator.connection()
        var problems: [String] = []
        func note(_ text: String) {
            problems.append(text + "\n" + String(decoding: bytes, as: UTF8.self).debugDescription)
        }
        let naive = NaiveHTTP(bytes)
        tally.requests += naive.requests.count
        guard let output = FuzzPeer.exchange(bytes, with: server.options.unixSocket, &generator.beacons.random) else {
            return ["the connection was not ended"]
        }
        guard let read = NaiveAnswers(output, methods: naive.methods) else {
            note("the answers are no HTTP: \(String(decoding: output, as: UTF8.self))")
            return problems
        }
        let answers = read.answers
        if answers.count > naive.requests.count + 1 {
            note("\(answers.count) answers to \(naive.requests.count) requests")
        }
        if answers.count < naive.requests.count, !mayBeLast(answers.last) {
            note("a request was not answered: \(answers.map(\.status)) \(answers.last?.headers ?? [:])")
        }
        if answers.dropLast().contains(where: \.ends) { note("an answer follows the last one") }
        for (index, answer) in answers.enumerated() {
            let accepted = answer.verdict["accepted", default: 0] + answer.verdict["bot", default: 0]
            tally.accepted += accepted
            guard index < naive.requests.count else {
                if accepted > 0 { note("events of a request that is none were taken") }
                continue
            }
            if let problem = judge(answer, naive.requests[index]) { note("request \(index): \(problem)") }
        }
        let good = try TestClient(path: server.options.unixSocket).request(
            "POST", "/b", headers: ["X-API-Key": TestServer.secretKey], body: #"{"event_type": "good"}"#)
        if good.status != 204 && good.status != 503 { note("a good request after it is answered \(good.status)") }
        return problems
    }

    /// Whether nothing need follow: it says so, or it is a stream's, whose head was sent before the log failed.
    private func mayBeLast(_ answer: NaiveAnswers.Answer?) -> Bool {
        guard let answer else { return false }
        return answer.ends
            || (answer.headers["transfer-encoding"] == "chunked"
                && answer.body.contains(HTTPConnection.unavailableText))
    }

    /// What is wrong with the answer to a request.
    private func judge(_ answer: NaiveAnswers.Answer, _ request: NaiveHTTP.Request) -> String? {
        let verdict = answer.verdict
        guard verdict["accepted", default: 0] + verdict["bot", default: 0] + verdict["duplicate", default: 0] > 0 else {
            return nil
        }
        guard request.method == "POST", answer.status == 202 || answer.status == 204 else {
            return "\(request.method) with \(answer.status) took events"
        }
        guard request.values("content-encoding").isEmpty, !request.path.hasSuffix("stream") else { return nil }
        var sending = server.sending
        sending.isPrivate = request.values("sec-gpc").contains("1")
        if "\(request.headers) \(request.target)".contains("sk_live") || request.body.contains("sk_live") {
            sending.maxAge = Int64(server.options.maxAgeDaysForSecretKeys) * Day.milliseconds
        }
        guard let naive = NaiveBody(request.body, path: request.path, sending) else { return "a bad body was taken" }
        let good = verdict["accepted", default: 0] + verdict["bot", default: 0] + verdict["duplicate", default: 0]
        guard good == naive.good, verdict["invalid"] == naive.bad else {
            return "\(verdict), expected \(naive.good) good and \(naive.bad) bad"
        }
        return nil
    }
}

extension [UInt8] {
    fileprivate func contains(_ text: String) -> Bool { String(decoding: self, as: UTF8.self).contains(text) }
}

/// One connection to the stream's listener.
private struct StreamCase {
    let seed: UInt64
    let server: TestServer

    func run(_ log: MemoryLog) throws -> [String] {
        var generator = RequestGenerator(seed: seed, receivedAt: FuzzTests.now.milliseconds)
        let bytes = generator.lines()
        var problems: [String] = []
        func note(_ text: String) {
            problems.append(text + "\n" + String(decoding: bytes, as: UTF8.self).debugDescription)
        }
        let before = log.durableCount
        guard let output = FuzzPeer.exchange(bytes, with: server.options.streamSocket, &generator.beacons.random) else {
            return ["the stream was not ended"]
        }
        var acked = 0
        var refused: [Int] = []
        for line in output.split(separator: 10) {
            guard let tree = try? NaiveJSON.read(Array(line)) else {
                note("an answer is no JSON: \(String(decoding: line, as: UTF8.self))")
                continue
            }
            func number(_ name: String) -> Int? {
                tree.members.first { $0.name.string == name }.map { Int($0.value.number) }
            }
            if let number = number("acked") {
                if number <= acked { note("acked \(number) after \(acked)") }
                acked = number
            }
            if let number = number("line") { refused.append(number) }
        }
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard let first = lines.first, hasKey(Array(first)) else {
            if log.durableCount != before { note("events without a key were taken") }
            return problems
        }
        var sending = server.sending
        sending.maxAge = Int64(server.options.maxAgeDaysForSecretKeys) * Day.milliseconds
        let bad = lines.dropFirst().enumerated().filter { !isGood(Array($1), sending) }.map { $0.offset + 1 }
        if refused != bad { note("refused \(refused), expected \(bad)") }
        if acked != lines.count - 1 { note("acked \(acked) of \(lines.count - 1)") }
        if log.durableCount - before > lines.count - 1 - bad.count { note("too many records") }
        return problems
    }

    private func hasKey(_ line: [UInt8]) -> Bool {
        guard let tree = try? NaiveJSON.read(line) else { return false }
        let key = tree.members.first { $0.name.string == "key" }?.value
        return key?.kind == .string && [TestServer.publicKey, TestServer.secretKey].contains(key?.string)
    }

    private func isGood(_ line: [UInt8], _ sending: NaiveEvent.Sending) -> Bool {
        guard let tree = try? NaiveJSON.read(line) else { return false }
        return NaiveEvent(tree, sending).faults.isEmpty
    }
}
