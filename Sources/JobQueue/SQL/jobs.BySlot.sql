SELECT *
FROM jobs
WHERE kind = :kind AND project_id = :project_id AND slot = :slot
