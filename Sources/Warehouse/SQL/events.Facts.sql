SELECT
    count(*) AS row_count,
    min(sequence) AS first_sequence,
    max(sequence) AS last_sequence,
    min("timestamp") AS min_timestamp,
    max("timestamp") AS max_timestamp,
    min(received_at) AS min_received_at,
    max(received_at) AS max_received_at
FROM events
