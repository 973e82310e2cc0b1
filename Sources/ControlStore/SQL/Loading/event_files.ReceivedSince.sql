-- The current files that hold an event received at or after a moment, the oldest first.
SELECT
    file_id, project_id, date, path, rows, bytes, first_sequence, last_sequence, min_timestamp, max_timestamp,
    min_received_at, max_received_at
FROM event_files
WHERE max_received_at >= :since AND replaced_at IS NULL
ORDER BY max_received_at, file_id
