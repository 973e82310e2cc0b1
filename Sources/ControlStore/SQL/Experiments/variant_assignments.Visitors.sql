-- Each visitor with an assignment of the test before a moment, and when each variant was first assigned. Events of a
-- session that named the other variant make the visitor one who saw both.
SELECT
    coalesce(s.user_id, s.session_id) AS visitor,
    min(CASE WHEN a.variant = 'A' OR json_extract(a.metadata, '$.conflicts') > 0 THEN a.assigned_at END) AS first_a,
    min(CASE WHEN a.variant = 'B' OR json_extract(a.metadata, '$.conflicts') > 0 THEN a.assigned_at END) AS first_b
FROM variant_assignments AS a
JOIN user_sessions AS s ON s.project_id = a.project_id AND s.session_id = a.session_id
WHERE a.project_id = :project_id AND a.test_id = :test_id AND a.assigned_at < :before
GROUP BY visitor
