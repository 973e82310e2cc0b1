SELECT DISTINCT namespace
FROM kv_entries
WHERE expires_at IS NULL OR expires_at > :now
ORDER BY namespace
