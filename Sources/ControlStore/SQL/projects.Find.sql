-- An id comes before a name that reads like it.
SELECT *
FROM projects
WHERE deleted_at IS NULL AND (project_id = :name OR name = :name)
ORDER BY project_id <> :name, created_at, project_id
LIMIT 1
