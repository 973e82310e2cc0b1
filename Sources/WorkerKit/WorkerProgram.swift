import ArgumentParser
import ControlStore
import EventModel
import Glibc
import JobQueue
import Logging
import ServiceLifecycle
import Settings

/// The program of one kind of job: `@main` on a struct that names its options and makes its handler.
package protocol WorkerProgram: AsyncParsableCommand {
    var options: WorkerOptions { get }
    func makeHandler(_ configuration: Configuration) throws -> any JobHandler
}

extension WorkerProgram {
    package func run() async throws {
        let name = Self.configuration.commandName ?? Self._commandName
        await Program.run(name, options.program, json: options.json) { configuration in
            let worker = Worker(
                try makeHandler(configuration), try context(configuration, logger: Logger(label: name)),
                owner: Worker.owner(program: name))
            try await WorkerRun(worker: worker, options: options).runUntilStopped()
        }
    }

    private func context(_ configuration: Configuration, logger: Logger) throws -> WorkerContext {
        let clock = try Environment.clock()
        let store = try ControlStore.open(path: configuration.controlDatabase, clock: clock)
        let queue = JobQueue(store: store, configuration: JobQueueConfiguration(configuration))
        return WorkerContext(
            configuration: configuration, store: store, queue: queue, clock: clock, logger: logger,
            isDryRun: options.dryRun)
    }
}

extension JobQueueConfiguration {
    /// What the configuration says of jobs.
    package init(_ configuration: Configuration) {
        self.init(
            maxAttempts: configuration.jobs.maxAttempts, backoff: .seconds(configuration.jobs.backoffSeconds),
            lease: .seconds(configuration.jobs.leaseSeconds), wakeDirectory: configuration.wakeDirectory)
    }
}

extension Worker {
    /// `host/program/process id`.
    package static func owner(program: String) -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(host)/\(program)/\(getpid())"
    }
}

/// One start of a worker's program: what its options ask for, until done or asked to stop by SIGTERM or SIGINT.
struct WorkerRun: Service {
    let worker: Worker
    let options: WorkerOptions

    func runUntilStopped() async throws {
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: self, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .cancelGroup)
        var logger = Logger(label: "lifecycle")
        logger.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await perform()
        } onGracefulShutdown: {
            worker.context.stop.ask()
        }
    }

    private func perform() async throws {
        if options.dryRun { return try await trial() }
        let done: [Job]
        if options.scheduled {
            done = try await worker.runScheduled()
        } else if let id = options.once {
            done = [try await worker.once(JobID(rawValue: id))]
        } else {
            done = try await worker.runByHand(slot: options.wantedSlot, payload: options.payload ?? "{}")
        }
        if options.json { print("[" + done.map(\.summaryJSON).joined(separator: ",\n") + "]") }
        try complain(about: done)
    }

    /// A person learns from the exit code whether his job failed; a timer's run ends well once it has drained.
    private func complain(about done: [Job]) throws {
        guard !options.scheduled else { return }
        let last = done.reduce(into: [JobID: Job]()) { $0[$1.id] = $1 }.values
        guard let failed = last.first(where: { $0.state == .discarded || $0.state == .retryable }) else { return }
        throw ProgramError(
            .failed,
            "job \(failed.id) (\(failed.kind) \(failed.slot)) failed: \(failed.message); "
                + "`millrace jobs show \(failed.id)` shows every attempt")
    }

    private func trial() async throws {
        switch try await worker.trial(slot: options.wantedSlot, payload: options.payload ?? "{}") {
        case .completed(let result, _): print(result)
        case .snooze(let until, let why): print("would wait until \(until.wholeSecondsText): \(why)")
        case .discard(let reason): print("would end for good: \(reason)")
        }
    }
}
