SELECT api_keys.project_id, api_keys.kind
FROM api_keys
JOIN projects USING (project_id)
WHERE api_keys.hash = :hash
    AND api_keys.revoked_at IS NULL
    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > :now)
    AND projects.deleted_at IS NULL
