-- A funnel step as it stands now.
INSERT INTO conversion_funnels (
    id, project_id, funnel_name, step_name, step_order, session_id, entered_at, exited_at, duration_seconds,
    dropoff_reason, component_id)
VALUES (
    :id, :project_id, :funnel_name, :step_name, :step_order, :session_id, :entered_at, :exited_at, :duration_seconds,
    :dropoff_reason, :component_id)
ON CONFLICT (project_id, session_id, funnel_name, step_order) DO UPDATE SET
    step_name = excluded.step_name, entered_at = excluded.entered_at, exited_at = excluded.exited_at,
    duration_seconds = excluded.duration_seconds, dropoff_reason = excluded.dropoff_reason,
    component_id = excluded.component_id
