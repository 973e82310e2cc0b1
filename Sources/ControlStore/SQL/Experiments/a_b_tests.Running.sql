-- The active and the paused tests of all living projects, for the daemon's snapshot.
SELECT
    t.project_id, t.test_id, t.status, t.component_id, t.target_conversion, t.start_date, t.end_date, t.variant_a,
    t.variant_b, min(1, max(0, coalesce(json_extract(t.variant_a, '$.share'), 0.5))) AS share_of_a
FROM a_b_tests AS t
JOIN projects AS p USING (project_id)
WHERE t.status IN ('active', 'paused') AND p.deleted_at IS NULL
ORDER BY t.project_id, t.start_date, t.created_at, t.test_id
