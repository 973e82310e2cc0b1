-- The current files of a project's days.
SELECT
    file_id, project_id, date, path, rows, bytes, first_sequence, last_sequence, min_timestamp, max_timestamp,
    min_received_at, max_received_at
FROM event_files
WHERE project_id = :project_id AND date BETWEEN :first AND :last AND replaced_at IS NULL
ORDER BY date, file_id
