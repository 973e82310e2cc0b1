DELETE FROM kv_entries
WHERE rowid IN (
    SELECT rowid
    FROM kv_entries
    WHERE expires_at <= :now AND namespace = :namespace
    ORDER BY expires_at
    LIMIT :limit)
