-- An entry that has expired counts as gone: what takes its place is new.
INSERT INTO kv_entries (namespace, key, value, created_at, updated_at, expires_at)
VALUES (:namespace, :key, :value, :now, :now, :expires_at)
ON CONFLICT (namespace, key) DO UPDATE SET
    value = excluded.value,
    created_at = iif(expires_at <= :now, :now, created_at),
    updated_at = :now,
    expires_at = excluded.expires_at
