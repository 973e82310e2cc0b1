SELECT *
FROM kv_entries
WHERE namespace = :namespace AND key = :key AND (expires_at IS NULL OR expires_at > :now)
