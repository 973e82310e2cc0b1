-- Jobs whose time has come; one that waits for another only once that one is completed, or gone.
SELECT jobs.*, awaited.state AS awaited_state
FROM jobs
LEFT JOIN jobs AS awaited ON awaited.id = jobs.after
WHERE jobs.state IN ('scheduled', 'retryable', 'snoozed')
    AND jobs.run_at <= :now
    AND (jobs.state <> 'scheduled' OR awaited.state IS NULL OR awaited.state = 'completed')
ORDER BY jobs.run_at, jobs.number
LIMIT :limit
