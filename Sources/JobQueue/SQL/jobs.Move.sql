-- The one write of every move: it names the state and the claim that the job was read with.
UPDATE jobs
SET state = :state,
    attempt = :attempt,
    max_attempts = :max_attempts,
    run_at = :run_at,
    fence = :fence,
    lease_owner = :lease_owner,
    leased_until = :leased_until,
    lease_boot_id = :lease_boot_id,
    lease_boottime_ms = :lease_boottime_ms,
    heartbeat_at = :heartbeat_at,
    started_at = :started_at,
    finished_at = :finished_at,
    progress = :progress,
    message = :message,
    errors = :errors,
    result = :result,
    run_id = :run_id
WHERE id = :id AND state = :from_state AND fence = :from_fence
