import ControlStore
import EventModel
import JobQueue
import Logging

/// A worker: claims the jobs of one kind, one after the other, and does them.
package struct Worker: Sendable {
    let handler: any JobHandler
    let context: WorkerContext
    /// Names this process in leases.
    let owner: String

    package init(_ handler: any JobHandler, _ context: WorkerContext, owner: String) {
        self.handler = handler
        self.context = context
        self.owner = owner
    }

    /// Does every job of its kind that is there, and returns them as they are afterwards.
    ///
    /// The wake file goes first, so that a job queued meanwhile wakes a worker again. Asked to stop, it ends between
    /// two jobs at once; the one under way is asked to end, and put off where it does not complete. Jobs that wait for
    /// a time are looked at once, at the begin: the tick brings the others.
    @discardableResult
    package func drain() async throws -> [Job] {
        context.queue.wakeFiles?.remove(handler.kind)
        try context.queue.rescueExpired()
        try context.queue.promoteDue()
        var done: [Job] = []
        while !context.stop.isAsked {
            let claimed = try context.queue.claim(handler.kind, owner: owner)
            if done.isEmpty { context.report.ready() }
            guard let claimed else { break }
            done.append(try await perform(claimed))
        }
        if context.stop.isAsked { context.report.stopping() }
        return done
    }

    /// Does this one job; throws where it is not available.
    package func once(_ id: JobID) async throws -> Job {
        let claimed = try context.queue.claim(id: id, owner: owner)
        context.report.ready()
        return try await perform(claimed)
    }

    /// Runs the handler on a job that stands nowhere and whose outcome is not kept. A stop cancels its task.
    package func trial(slot: Slot, payload: String) async throws -> JobOutcome {
        let job = Job.trial(handler.kind, slot: slot, payload: payload, now: context.clock.now())
        let work = Task { [handler, context] in try await handler.run(job, context) }
        context.stop.whenAsked { work.cancel() }
        defer { context.stop.whenAsked(nil) }
        return try await work.value
    }

    /// Does a claimed job from its first record to its last.
    private func perform(_ claimed: ClaimedJob) async throws -> Job {
        var context = context
        let run = JobRun(claimed)
        context.run = run
        context.logger = JobLog.logger(context.logger, claimed)
        context.report.status("\(claimed.job.kind) \(claimed.job.slot)")
        context.logger.info("job started")
        let begin = ContinuousClock.now
        let result = await attempt(claimed.job, run, context)
        let ended = try conclude(result, run, context)
        JobLog.end(ended, run, duration: ContinuousClock.now - begin, context.logger)
        return ended
    }

    /// Runs the handler with a heartbeat beside it. A stop asked for, or a claim lost, cancels its task.
    private func attempt(
        _ job: Job, _ run: JobRun, _ context: WorkerContext
    ) async -> Result<JobOutcome, any Error> {
        let handler = handler
        let work = Task { try await handler.run(job, context) }
        let heartbeat = Heartbeat(every: context.queue.configuration.lease / 4) {
            guard run.beat(context.queue) else {
                work.cancel()
                return false
            }
            return true
        }
        context.stop.whenAsked { work.cancel() }
        let result = await work.result
        context.stop.whenAsked(nil)
        heartbeat.stop()
        return result
    }
}
