-- Adds a Parquet file to the catalogue.
INSERT INTO event_files (
    project_id, date, path, rows, bytes, first_sequence, last_sequence, min_timestamp, max_timestamp,
    min_received_at, max_received_at, created_at)
VALUES (
    :project_id, :date, :path, :rows, :bytes, :first_sequence, :last_sequence, :min_timestamp, :max_timestamp,
    :min_received_at, :max_received_at, :created_at)
