import EventModel
import JobQueue
import Logging

extension Worker {
    /// Writes how the attempt ended, and returns the job as it then is. A claim that was lost meanwhile is no error of
    /// this worker: whoever took the job goes on with it.
    func conclude(
        _ result: Result<JobOutcome, any Error>, _ run: JobRun, _ context: WorkerContext
    ) throws -> Job {
        do {
            return try write(result, run.claimed, context)
        } catch let error as JobQueueError where error.code == .claimLost {
            run.state.withLock { $0.isLost = true }
            context.logger.warning("job lost: \(error)")
            return try context.queue.job(run.claimed.job.id) ?? run.claimed.job
        }
    }

    private func write(
        _ result: Result<JobOutcome, any Error>, _ claimed: ClaimedJob, _ context: WorkerContext
    ) throws -> Job {
        let queue = context.queue
        let claim = claimed.claim
        switch result {
        case .success(.completed(let result, let publish)):
            do {
                return try queue.complete(claim, result: result, publish: publish)
            } catch let error as JobQueueError where error.code == .claimLost {
                throw error
            } catch {
                return try queue.fail(claim, error: "\(error)")
            }
        case .success(.snooze(let until, let why)):
            let wait = max(until - context.clock.now(), .zero)
            return try queue.snooze(claim, until: queue.now() + wait, why: why)
        case .success(.discard(let reason)):
            return try queue.discard(claim, reason: reason)
        case .failure(let error as JobQueueError) where error.code == .claimLost:
            throw error
        case .failure where context.stop.isAsked:
            return try queue.snooze(claim, until: queue.now(), why: "its worker was asked to stop")
        case .failure(let error):
            let retryAfter = (error as? any RetryAfterError)?.retryAfter
            return try queue.fail(claim, error: "\(error)", retryAfter: retryAfter)
        }
    }
}
