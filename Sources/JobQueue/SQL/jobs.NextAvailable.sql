SELECT *
FROM jobs
WHERE state = 'available' AND kind = :kind
ORDER BY priority DESC, number
LIMIT 1
