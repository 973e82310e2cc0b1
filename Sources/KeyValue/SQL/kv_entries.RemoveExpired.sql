-- The plus keeps SQLite from reading the whole namespace instead of the index of expiries.
DELETE FROM kv_entries
WHERE rowid IN (
    SELECT rowid
    FROM kv_entries
    WHERE expires_at <= :now AND +namespace = :namespace
    ORDER BY expires_at
    LIMIT :limit)
