import EventModel
import FoundationEssentials
import Logging
import ServiceLifecycle
import Settings
import Synchronization
import TestKit
import Testing

@testable import API

@Suite struct ServiceTests {
    @Test func `the status file follows the program from its start to its stop`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/status/millrace-api.json"
            let report = StatusReport(
                directory: directory + "/status", version: "9", clock: .fixed(RunningAPI.start),
                logger: RunningAPI.quietLogger)
            report.listening(on: "127.0.0.1:7080")
            let running = try String(contentsOfFile: path, encoding: .utf8)
            #expect(running.contains(#""state":"running""#))
            #expect(running.contains(#""listen":"127.0.0.1:7080""#))
            #expect(running.contains(#""updated_at":"2025-11-21T12:00:00.000Z""#))
            let group = ServiceGroup(services: [report], logger: RunningAPI.quietLogger)
            async let ended: Void = group.run()
            await group.triggerGracefulShutdown()
            try await ended
            #expect(try String(contentsOfFile: path, encoding: .utf8).contains(#""state":"stopped""#))
        }
    }

    @Test func `a hang-up takes new users, and names what waits for a restart`() async throws {
        try await withTemporaryDirectory { directory in
            let old = try RunningAPI.configuration(in: directory)
            var fresh = old
            fresh.adminUsers = []
            fresh.api.listen = "127.0.0.1:1"
            fresh.logLevel = "debug"
            let changed = fresh
            let signIn = try BasicSignIn(
                users: old.adminUsers, threads: BlockingThreads(threads: 1, maximumWaiting: 1))
            HangupReload(configuration: old, signIn: signIn, logger: RunningAPI.quietLogger, load: { changed }).reload()
            #expect(try await !signIn.accepts(name: RunningAPI.userName, password: RunningAPI.password, from: "a"))
            #expect(HangupReload.needRestart(from: old, to: changed) == ["log_level", "api.listen"])
        }
    }

    @Test func `a hang-up with a broken configuration changes nothing`() async throws {
        try await withTemporaryDirectory { directory in
            let old = try RunningAPI.configuration(in: directory)
            let signIn = try BasicSignIn(
                users: old.adminUsers, threads: BlockingThreads(threads: 1, maximumWaiting: 1))
            HangupReload(
                configuration: old, signIn: signIn, logger: RunningAPI.quietLogger,
                load: { throw ConfigurationError(.notTOML, "broken") }
            ).reload()
            #expect(try await signIn.accepts(name: RunningAPI.userName, password: RunningAPI.password, from: "a"))
        }
    }
}
