-- Says of the last steps of sessions, named by a JSON list of rowids, that these timed out there.
UPDATE conversion_funnels SET dropoff_reason = 'timeout'
WHERE exited_at IS NULL
    AND (project_id, session_id) IN (
        SELECT project_id, session_id FROM user_sessions
        WHERE rowid IN (SELECT value FROM json_each(:rows)) AND has_funnel_steps = 1)
