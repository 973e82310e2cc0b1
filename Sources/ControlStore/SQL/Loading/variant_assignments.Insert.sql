-- A session's first variant of a test.
INSERT INTO variant_assignments (id, project_id, test_id, session_id, variant, assigned_at, metadata)
VALUES (:id, :project_id, :test_id, :session_id, :variant, :assigned_at, :metadata)
