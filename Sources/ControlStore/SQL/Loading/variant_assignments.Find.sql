-- The variant of a test that a session was shown first, and how many events named the other one.
SELECT variant, assigned_at, coalesce(json_extract(metadata, '$.conflicts'), 0)
FROM variant_assignments
WHERE project_id = :project_id AND test_id = :test_id AND session_id = :session_id
