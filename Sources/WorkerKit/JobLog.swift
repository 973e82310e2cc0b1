import EventModel
import JobQueue
import Logging

/// The records that a job leaves in the journal: when it starts, ends, fails, is retried or put off.
enum JobLog {
    /// The logger with the fields that name the job.
    static func logger(_ logger: Logger, _ claimed: ClaimedJob) -> Logger {
        var logger = logger
        let job = claimed.job
        logger[metadataKey: "millrace_job"] = "\(job.id)"
        logger[metadataKey: "millrace_kind"] = "\(job.kind)"
        logger[metadataKey: "millrace_slot"] = "\(job.slot)"
        logger[metadataKey: "millrace_attempt"] = "\(job.attempt)"
        logger[metadataKey: "millrace_run"] = "\(claimed.claim.runID)"
        if let project = job.projectID { logger[metadataKey: "millrace_project"] = "\(project)" }
        return logger
    }

    static func end(_ job: Job, _ run: JobRun, duration: Duration, _ logger: Logger) {
        guard !run.isLost else { return }
        var fields: Logger.Metadata = ["millrace_duration_ms": "\(duration.wholeMilliseconds)"]
        if run.events > 0 { fields["millrace_events"] = "\(run.events)" }
        switch job.state {
        case .completed: logger.info("job completed", metadata: fields)
        case .snoozed: logger.info("job snoozed until \(job.runAt.wholeSecondsText): \(job.message)", metadata: fields)
        case .retryable:
            logger.warning(
                "job failed, retried at \(job.runAt.wholeSecondsText): \(job.message)", metadata: fields)
        case .discarded: logger.error("job failed for good: \(job.message)", metadata: fields)
        default: logger.notice("job is \(job.state): \(job.message)", metadata: fields)
        }
    }
}
