-- char(1114111) is the last code point: the index finds the range, substr() holds to the prefix.
SELECT *
FROM kv_entries
WHERE namespace = :namespace
    AND key >= :prefix
    AND key < :prefix || char(1114111)
    AND substr(key, 1, length(:prefix)) = :prefix
    AND (expires_at IS NULL OR expires_at > :now)
ORDER BY key
LIMIT :limit
