-- Days with many current files, the fullest first.
SELECT project_id, date, count(*)
FROM event_files
WHERE replaced_at IS NULL
GROUP BY project_id, date
HAVING count(*) >= :files
ORDER BY count(*) DESC
