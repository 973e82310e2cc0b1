SELECT *
FROM api_keys
WHERE project_id = :project_id
ORDER BY created_at, key_id
