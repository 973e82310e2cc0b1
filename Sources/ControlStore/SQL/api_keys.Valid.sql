-- The keys of living projects that are neither revoked nor expired.
SELECT api_keys.*
FROM api_keys
JOIN projects USING (project_id)
WHERE projects.deleted_at IS NULL
    AND api_keys.revoked_at IS NULL
    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > :now)
ORDER BY api_keys.project_id, api_keys.created_at, api_keys.key_id
