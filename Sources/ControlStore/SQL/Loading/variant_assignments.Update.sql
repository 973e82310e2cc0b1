-- An earlier event, or another conflict, for a session that has a variant.
UPDATE variant_assignments SET
    variant = :variant, assigned_at = :assigned_at,
    metadata = CASE WHEN :conflicts > 0 THEN json_set(metadata, '$.conflicts', :conflicts) ELSE metadata END
WHERE project_id = :project_id AND test_id = :test_id AND session_id = :session_id
