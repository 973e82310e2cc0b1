import EventModel
import JobQueue

extension Worker {
    /// Rounds in which a worker started by hand waits for its own job, and the longest wait before each.
    static let ownRounds = 20
    static let longestOwnWait = Duration.seconds(60)

    /// Queues the planned slot, the newest that the schedule has passed, and those missed before it. Empty where
    /// there is no schedule, or the planned slot was queued already.
    package func queuePlanned() throws -> [EnqueuedJob] {
        guard let schedule = handler.schedule else { return [] }
        let newest = try context.queue.newestSlot(handler.kind)
        let slots = schedule.slotsDue(after: newest, at: context.clock.now())
        return try context.queue.enqueue(
            slots.map { JobRequest(handler.kind, slot: .planned($0), askedBy: .timer) })
    }

    /// Started by a timer: queues what is planned, and drains. Says so where there was nothing to do because the
    /// planned slot is done.
    package func runScheduled() async throws -> [Job] {
        let queued = try queuePlanned()
        let done = try await drain()
        if queued.isEmpty, done.isEmpty, let schedule = handler.schedule {
            let slot = Slot.planned(schedule.newestSlot(at: context.clock.now())).text(for: JobID(rawValue: ""))
            context.logger.info(
                "slot \(slot) of \(handler.kind) is done already; `millrace jobs run \(handler.kind)` makes another run"
            )
        }
        return done
    }

    /// Started by hand: queues a job of its own in the slot, and drains. Where its own job is put off, or retried,
    /// for at most a minute, it waits for it, so that a person sees how it ends.
    package func runByHand(slot: Slot = .request, payload: String = "{}") async throws -> [Job] {
        let own = try context.queue.enqueue(handler.kind, slot: slot, payload: payload, askedBy: .cli)
        if !own.inserted {
            context.logger.notice(
                "slot \(own.job.slot) of \(handler.kind) has a job already: \(own.job.id), \(own.job.state)")
        }
        var done = try await drain()
        for _ in 0..<Self.ownRounds {
            guard !context.stop.isAsked, let job = try context.queue.job(own.job.id),
                job.state == .snoozed || job.state == .retryable
            else { break }
            let wait = job.runAt - context.queue.now()
            guard wait <= Self.longestOwnWait else { break }
            await pause(for: max(wait, .zero) + .milliseconds(1))
            done += try await drain()
        }
        return done
    }

    /// Waits, but no longer than until a stop is asked for.
    private func pause(for duration: Duration) async {
        let pause = Task { try await Task.sleep(for: duration) }
        context.stop.whenAsked { pause.cancel() }
        _ = await pause.result
        context.stop.whenAsked(nil)
    }
}
