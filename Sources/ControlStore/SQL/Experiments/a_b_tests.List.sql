-- Every test of a project, the oldest first, with the moment of its first assignment.
SELECT
    t.test_id, t.test_name, t.component_id, t.status, t.start_date, t.end_date, t.target_conversion, t.sample_size,
    t.confidence_threshold, t.winner_variant, t.created_at,
    min(1, max(0, coalesce(json_extract(t.variant_a, '$.share'), 0.5))) AS share_of_a,
    (
        SELECT min(a.assigned_at) FROM variant_assignments AS a
        WHERE a.project_id = t.project_id AND a.test_id = t.test_id
    ) AS first_assigned_at
FROM a_b_tests AS t
WHERE t.project_id = :project_id
ORDER BY t.start_date, t.created_at, t.test_id
