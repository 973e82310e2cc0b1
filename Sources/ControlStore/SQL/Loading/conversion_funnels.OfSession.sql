-- All funnel steps that a session entered.
SELECT funnel_name, step_name, step_order, entered_at, exited_at, dropoff_reason, component_id
FROM conversion_funnels
WHERE project_id = :project_id AND session_id = :session_id
ORDER BY funnel_name, step_order
