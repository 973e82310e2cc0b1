-- Running jobs whose lease is over: its time has come, or the machine booted since.
SELECT *
FROM jobs
WHERE state = 'running'
    AND lease_boottime_ms >= 0
    AND (lease_boottime_ms <= :boottime_ms OR lease_boot_id <> :boot_id)
ORDER BY lease_boottime_ms
LIMIT :limit
