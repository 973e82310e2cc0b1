-- Sessions that have each variant of each test of a project.
SELECT test_id, sum(variant = 'A') AS sessions_a, sum(variant = 'B') AS sessions_b
FROM variant_assignments
WHERE project_id = :project_id
GROUP BY test_id
