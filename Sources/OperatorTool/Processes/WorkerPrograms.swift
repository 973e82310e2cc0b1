import EventModel
import Glibc
import JobQueue

/// The workers under a supervisor: started at the times of their schedules, and when their wake files are made.
struct WorkerPrograms {
    /// A worker that failed is not started again before this, whatever waits.
    private static let pauseAfterFailureSeconds = 15.0

    private struct Worker {
        let kind: JobKind
        let path: String
        let schedule: Schedule
        var child: ChildProcess?
        var nextSlot: Timestamp
        var startAt = ContinuousClock.now
    }

    private let tool: Tool
    private let arguments: [String]
    private var workers: [Worker]

    init(tool: Tool, arguments: [String], programs: [JobKind: String]) {
        self.tool = tool
        self.arguments = arguments
        workers = programs.sorted { $0.key.rawValue < $1.key.rawValue }.map { kind, path in
            let schedule = Self.schedule(of: kind)
            return Worker(
                kind: kind, path: path, schedule: schedule, nextSlot: schedule.nextSlot(after: tool.clock.now()))
        }
    }

    private static func schedule(of kind: JobKind) -> Schedule {
        kind == .aggregate ? .every(hours: 12, catchUp: .every) : .daily(hour: 2, minute: 0)
    }

    /// A slot that passed while nothing ran here is due now; where nothing was ever queued, none was missed.
    mutating func begin(_ queue: JobQueue) {
        for index in workers.indices {
            let newest = workers[index].schedule.newestSlot(at: tool.clock.now())
            if let queued = try? queue.newestSlot(workers[index].kind), queued < newest {
                start(index)
            }
        }
    }

    /// Starts what is due.
    mutating func step(_ queue: JobQueue) {
        for index in workers.indices {
            if let end = workers[index].child?.end() {
                workers[index].child = nil
                if end != .exited(0) {
                    workers[index].startAt = .now + .seconds(Self.pauseAfterFailureSeconds)
                    tool.console.note("millrace: \(name(index)) \(end.sentence); see \(output(index))")
                }
            }
            guard workers[index].child == nil, ContinuousClock.now >= workers[index].startAt else { continue }
            if tool.clock.now() >= workers[index].nextSlot {
                workers[index].nextSlot = workers[index].schedule.nextSlot(after: tool.clock.now())
                start(index)
            } else if let wake = queue.wakeFiles?.path(workers[index].kind), access(wake, F_OK) == 0 {
                start(index)
            }
        }
    }

    mutating func stop(seconds: Double) {
        for index in workers.indices {
            workers[index].child?.stop(seconds: seconds)
            workers[index].child = nil
            unlink(LeftoverPrograms.pidFile(name(index), in: tool.configuration.runtimeDirectory))
        }
    }

    private mutating func start(_ index: Int) {
        do {
            let child = try ChildProcess.start(
                workers[index].path, arguments + WorkerStart.arguments, environment: tool.environment,
                output: output(index))
            workers[index].child = child
            let pidFile = LeftoverPrograms.pidFile(name(index), in: tool.configuration.runtimeDirectory)
            TextFile.write("\(child.pid)\n", to: pidFile)
        } catch {
            workers[index].startAt = .now + .seconds(Self.pauseAfterFailureSeconds)
            tool.console.note("millrace: \(error)")
        }
    }

    private func name(_ index: Int) -> String { workers[index].path.split(separator: "/").last.map(String.init) ?? "" }

    private func output(_ index: Int) -> String { "\(tool.configuration.runtimeDirectory)/\(name(index)).out" }
}

/// How a worker is started, at its time or because jobs wait.
enum WorkerStart {
    /// Queues nothing but the planned slot where that is still missing, and drains.
    static let arguments = ["--scheduled"]
}
