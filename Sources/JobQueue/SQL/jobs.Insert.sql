INSERT INTO jobs (
    id, kind, project_id, slot, payload, state, priority, max_attempts, queued_at, run_at, finished_at, message,
    asked_by, after)
VALUES (
    :id, :kind, :project_id, :slot, :payload, :state, :priority, :max_attempts, :now, :run_at, :finished_at, :message,
    :asked_by, :after)
ON CONFLICT (kind, project_id, slot) DO NOTHING
RETURNING *
