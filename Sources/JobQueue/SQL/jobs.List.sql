SELECT *
FROM jobs
WHERE (:state IS NULL OR state = :state) AND (:kind IS NULL OR kind = :kind)
ORDER BY number DESC
LIMIT :limit
