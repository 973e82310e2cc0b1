import ControlStore
import EventModel
import GRDB

/// What a tick found to do.
package struct TickResult: Sendable, Equatable {
    /// Whose workers died.
    package let rescued: [JobID]
    package let promoted: [JobID]
    /// The kinds whose wake files were touched because jobs wait.
    package let waiting: [JobKind]
}

extension JobQueue {
    /// Rescues, promotes, and touches the wake files of what waits: the safety net that runs every minute.
    @discardableResult
    package func tick() throws -> TickResult {
        let rescued = try rescueExpired()
        let promoted = try promoteDue()
        let waiting = try waitingKinds()
        for kind in waiting { wakeFiles?.touch(kind) }
        return TickResult(rescued: rescued.map(\.id), promoted: promoted.map(\.id), waiting: waiting)
    }

    /// Takes jobs from workers whose lease is over: the attempt is used, and the job is available again, or discarded
    /// where it was the last one.
    @discardableResult
    package func rescueExpired() throws -> [Job] {
        try sweep("rescuing jobs") { transaction in
            let now = bootClock.now()
            let rows = try Row.fetchAll(
                transaction.database, sql: JobSQL.expired,
                arguments: [
                    "boottime_ms": now.wholeMilliseconds, "boot_id": bootClock.bootID, "limit": Self.sweepLimit,
                ])
            return try rows.map { row in
                let job = try Job(row)
                let rescue = JobMove.rescue(bootID: bootClock.bootID, now: now)
                return try move(job, rescue, "rescuing", in: transaction) {
                    $0.record("the lease of \(job.leaseOwner ?? "its worker") ran out", at: realTime.now())
                }
            }
        }
    }

    /// Makes available what was scheduled, snoozed or to be retried and whose time has come.
    @discardableResult
    package func promoteDue() throws -> [Job] {
        try sweep("promoting jobs") { transaction in
            let now = realTime.now()
            let rows = try Row.fetchAll(
                transaction.database, sql: JobSQL.due,
                arguments: ["now": now.description, "limit": Self.sweepLimit])
            return try rows.map { row in
                let awaiting = (row["awaited_state"] as String?).flatMap(JobState.init(rawValue:))
                return try move(
                    try Job(row), .promote(now: now, awaiting: awaiting), "starting", in: transaction)
            }
        }
    }

    /// The kinds of which a job is available.
    package func waitingKinds() throws -> [JobKind] {
        try read("looking for waiting jobs") { transaction in
            try JobKind.allCases.filter { kind in
                try Row.fetchOne(
                    transaction.database, sql: JobSQL.nextAvailable, arguments: ["kind": kind.rawValue]) != nil
            }
        }
    }

    /// One transaction after another until there is nothing left, so that none is long.
    private func sweep(_ what: String, _ pass: (StoreTransaction) throws -> [Job]) throws -> [Job] {
        var all: [Job] = []
        while true {
            let moved = try write(what, pass)
            all += moved
            guard moved.count == Self.sweepLimit else { return all }
        }
    }
}
