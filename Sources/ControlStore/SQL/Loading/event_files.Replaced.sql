-- Files whose place a merge took at or before a moment.
SELECT
    file_id, project_id, date, path, rows, bytes, first_sequence, last_sequence, min_timestamp, max_timestamp,
    min_received_at, max_received_at
FROM event_files
WHERE replaced_at <= :before
ORDER BY replaced_at
LIMIT :maximum
