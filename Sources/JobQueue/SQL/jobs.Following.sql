SELECT *
FROM jobs
WHERE after = :id AND state = 'scheduled'
ORDER BY number
