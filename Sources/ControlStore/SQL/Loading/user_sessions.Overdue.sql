-- Open sessions without an event since a moment, the longest waiting first.
SELECT rowid
FROM user_sessions
WHERE exit_reason IS NULL AND last_event_at <= :since
ORDER BY last_event_at
LIMIT :maximum
