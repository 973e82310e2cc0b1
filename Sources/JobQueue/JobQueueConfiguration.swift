import EventModel

/// What the job table needs of the configuration.
package struct JobQueueConfiguration: Sendable {
    package var maxAttempts: Int
    package var backoff: Backoff
    /// How long a claim holds without a heartbeat.
    package var lease: Duration
    /// Where a file named for the kind is made when a job of it waits; nil: nowhere.
    package var wakeDirectory: String?

    package init(
        maxAttempts: Int = 5, backoff: Duration = .seconds(1), lease: Duration = .seconds(60),
        wakeDirectory: String? = nil
    ) {
        self.maxAttempts = max(1, maxAttempts)
        self.backoff = Backoff(seconds: backoff.fractionalSeconds)
        self.lease = lease
        self.wakeDirectory = wakeDirectory
    }
}
