-- Ends sessions, named by a JSON list of rowids, with their last event.
UPDATE user_sessions SET
    exit_page = last_page_url,
    exit_reason = 'timeout',
    duration_seconds = (
        (strftime('%s', last_event_at) - strftime('%s', created_at)) * 1000
        + CAST(substr(last_event_at, 21, 3) AS INTEGER) - CAST(substr(created_at, 21, 3) AS INTEGER)) / 1000,
    updated_at = :now
WHERE rowid IN (SELECT value FROM json_each(:rows))
